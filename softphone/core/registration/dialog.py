"""One registration dialog at one node, over one connection: its Call-ID and CSeq, its challenges, its grants.

It builds requests and reads answers; when to do so is the business of `actions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from simulator.core.actor.flow import FlowFacts
from simulator.core.instant import Instant
from simulator.core.sip import (
    RFC8898,
    STAR,
    UCM,
    NameAddr,
    RemoteProtocolError,
    Request,
    Response,
)
from simulator.core.sip.bearer import Dialect
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.context import PhoneContext
from softphone.core.settings.behaviours import Behaviour, Conduct
from softphone.core.settings.profile import AccessToken, Deployment
from softphone.core.settings.token_holder import TokenHolder
from softphone.core.sip.identifiers import Identifiers
from softphone.core.sip.messages import Caller, Ids, JabberAlarm, keep_alive, register, token_registration

MAX_CHALLENGES = 3
"""Challenges that are answered in one attempt. [read in client code: S13, MAX_RETRIES_401]"""
MAX_EXPIRES = 86_400

Purpose = Literal["register", "refresh", "unregister", "keep-alive"]


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A challenge that will not be answered."""

    code: Literal["E_CHALLENGE_UNSUPPORTED", "E_NO_TOKEN", "E_TOKEN_REFUSED", "E_TOKEN_UNSENDABLE"]
    detail: str


class RegistrationDialog:
    """Messages of one dialog, and what their answers mean."""

    def __init__(
        self,
        caller: Caller,
        *,
        expires: int,
        alarm: JabberAlarm | None,
        bearer: bool,
        tokens: TokenHolder,
        dialect: Dialect,
        ids: Identifiers,
        conduct: Conduct,
    ) -> None:
        """`bearer`: the port is an OAuth port; on other ports no token is sent."""
        self._caller = _misnamed(caller, conduct)
        self._expires = expires
        self._alarm = alarm
        self._bearer = bearer
        self._tokens = tokens
        self._dialect = dialect
        self._ids = ids
        self._conduct = conduct
        self.call_id = ids.call_id(caller.local.host)
        self._tag = ids.tag()
        self._cseq = ids.cseq()
        self._purpose: Purpose = "register"
        self._challenges = 0
        self._sent: AccessToken | None = None
        """The token in the last request."""
        self._asked = False
        """The node has asked for a token in this dialog: later requests carry one from the start (T6)."""
        self.latest: Request | None = None
        """The last request that was built: answers to earlier ones no longer count."""

    @classmethod
    def at(
        cls,
        context: PhoneContext,
        decision: PortDecision,
        *,
        facts: FlowFacts,
        config: ConfigView,
        alarm: JabberAlarm | None,
    ) -> RegistrationDialog:
        """Return a new dialog of the phone of `context` at the node of `decision`, over the flow of `facts`.

        `alarm` is the reason that its first REGISTER gives; None: it gives none.
        """
        profile, line = context.profile, config.lines[0]
        caller = Caller(
            node=decision.node.uri_host,
            number=line.uri_user,
            contact_user=line.contact,
            local=facts.local,
            transport=decision.transport,
            device=profile.device,
            model=profile.model,
            mac=context.ids.mac,
            user_agent=profile.user_agent,
            load=profile.load,
            mra=profile.deployment == Deployment.MRA,
            route=decision.route,
        )
        return cls(
            caller,
            expires=profile.requested_expires or config.timers.register_expires,
            alarm=alarm,
            bearer=decision.bearer,
            tokens=context.tokens,
            dialect=context.dialect,
            ids=context.ids,
            conduct=context.conduct,
        )

    # --- requests -----------------------------------------------------------------------------------------

    def begin(self, now: Instant) -> Request:
        """Return the first REGISTER (T1): without a token, even if one is held. [observed: S1]"""
        return self._start("register", now)

    def refresh(self, now: Instant) -> Request:
        """Return the next REGISTER (T6), with the token from the start if the node once asked for it."""
        if Behaviour.REFRESH_WITH_NEW_CALL_ID in self._conduct:
            self.call_id = self._ids.call_id(self._caller.local.host)
        return self._start("refresh", now)

    def unregister(self, now: Instant) -> Request:
        """Return the REGISTER with Expires 0 (T7)."""
        return self._start("unregister", now)

    def keep_alive(self, now: Instant) -> Request:
        """Return the REGISTER that asks a standby node whether it is there (T8)."""
        return self._start("keep-alive", now)

    def ask_for_leave(self, now: Instant) -> Request:
        """Return the REFER that asks for the way back (T9), in a dialog of its own."""
        ids = Ids(
            call_id=self._ids.call_id(self._caller.local.host),
            tag=self._ids.tag(),
            cseq=1000,  # [observed: S11]
            branch=self._ids.branch(),
        )
        return token_registration(self._caller, ids, now=now)

    def answer_challenge(self, response: Response, now: Instant) -> Request | Unanswerable:
        """Return the same request with a token (T3), newer than one that was refused; or why not."""
        self._challenges += 1
        dialect = next((d for d in (self._dialect, UCM, RFC8898) if d.is_challenge(response)), None)
        if dialect is None:
            return Unanswerable("E_CHALLENGE_UNSUPPORTED", f"{response.start_line}: no Bearer challenge")
        if not self._may_send_token:
            return Unanswerable(
                "E_CHALLENGE_UNSUPPORTED", "a Bearer challenge on a port that is no SIP OAuth port"
            )
        if self._challenges > MAX_CHALLENGES:
            return Unanswerable("E_TOKEN_REFUSED", f"challenged {self._challenges} times")
        self._dialect = dialect
        self._asked = True
        if Behaviour.NEVER_SEND_TOKEN in self._conduct:
            return self._build(now)
        if self._sent is None:
            token = self._tokens.current(now)
            if token is None:
                return Unanswerable("E_NO_TOKEN", "the node asks for a token and the phone holds none")
        else:
            token = self._tokens.renewed(now, refused=self._sent)
            if token is None:
                return Unanswerable("E_TOKEN_REFUSED", "the node refused the token and no newer one can be had")
        if not token.sendable:
            return Unanswerable(
                "E_TOKEN_UNSENDABLE", "the token holds a line break, which no header field carries"
            )
        return self._build(now, token)

    def lengthen(self, response: Response, now: Instant) -> Request | None:
        """Return the same request for Min-Expires seconds; None if that makes no sense, or never ends."""
        self._challenges += 1
        if self._challenges > MAX_CHALLENGES:
            return None
        if Behaviour.IGNORE_423 not in self._conduct:
            wanted = _seconds(response.headers.get("Min-Expires"))
            if wanted is None or not self._expires < wanted <= MAX_EXPIRES:
                return None
            self._expires = wanted
        return self._build(now, self._sent)

    # --- answers ------------------------------------------------------------------------------------------

    def granted(self, response: Response) -> int:
        """Return the seconds granted: `expires` of the own Contact, else Expires; never more than asked.

        A first 2xx ends the Reason header of later requests (sip-wire 3.1).
        """
        self._alarm = None
        self._challenges = 0
        own = self._own_contact(response)
        seconds = _seconds(own.param("expires")) if own is not None else None
        if seconds is None:
            seconds = _seconds(response.headers.get("Expires"))
        return self._expires if seconds is None else min(seconds, self._expires)

    def is_new(self, response: Response) -> bool:
        """Whether UCM marks the registration as new to it (`x-cisco-newreg`)."""
        own = self._own_contact(response)
        return own is not None and own.param("x-cisco-newreg") is not None

    def _own_contact(self, response: Response) -> NameAddr | None:
        try:
            contacts = response.contacts
        except RemoteProtocolError:
            return None
        if contacts is STAR:
            return None
        return next((one for one in contacts if one.uri.user == self._caller.contact_user), None)

    # --- building -----------------------------------------------------------------------------------------

    @property
    def _may_send_token(self) -> bool:
        return self._bearer or Behaviour.SEND_TOKEN_ANYWHERE in self._conduct

    def _start(self, purpose: Purpose, now: Instant) -> Request:
        self._purpose = purpose
        self._challenges = 0
        unasked = Behaviour.SEND_TOKEN_FIRST in self._conduct
        wanted = (self._asked or unasked) and Behaviour.NEVER_SEND_TOKEN not in self._conduct
        token = self._tokens.current(now) if wanted and self._may_send_token else None
        return self._build(now, token if token is not None and token.sendable else None)

    def _build(self, now: Instant, token: AccessToken | None = None) -> Request:
        stuck = self._purpose == "refresh" and Behaviour.CSEQ_NOT_INCREASING in self._conduct
        self._cseq += 0 if stuck else 1
        ids = Ids(call_id=self.call_id, tag=self._tag, cseq=self._cseq, branch=self._ids.branch())
        if self._purpose == "keep-alive":
            request = keep_alive(self._caller, ids, now=now)
        else:
            expires = 0 if self._purpose == "unregister" else self._expires
            request = register(self._caller, ids, expires=expires, alarm=self._alarm, now=now)
        self._sent = token
        self.latest = request if token is None else self._dialect.authorize(request, token.text)
        return self.latest


def _misnamed(caller: Caller, conduct: Conduct) -> Caller:
    if Behaviour.WRONG_DEVICE_NAME in conduct:
        caller = replace(caller, device=f"{caller.device}X")
    if Behaviour.WRONG_DIRECTORY_NUMBER in conduct:
        caller = replace(caller, number=f"{caller.number}99")
    return caller


def _seconds(text: str | None) -> int | None:
    """delta-seconds at the start of a header value; None if there are none."""
    digits = (text or "").strip().partition(";")[0].partition("(")[0].strip()
    return min(int(digits), 2**31) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


def retry_after(response: Response) -> int | None:
    """Return the seconds in Retry-After, comment and parameters aside (RFC 3261 20.33); None without one."""
    return _seconds(response.headers.get("Retry-After"))
