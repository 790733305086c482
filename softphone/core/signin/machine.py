"""The sign-in as a machine: sorts answers into inputs, runs the table, keeps the timers.

A part of an actor (`softphone.core.actors.jabber`), which gives it what arrives, and takes its effects and its
news. It is also the phone's `TokenSource`: it renews ahead of time by itself, and at once when a node refused
a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.core.actor.flow import Effect, Fetched
from simulator.core.entropy import Entropy
from simulator.core.events import SignInFailed, SignInStateChanged, SignInStepAnswered
from simulator.core.events.log import Journal
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from softphone.core.device_file.problems import ConfigError
from softphone.core.settings.profile import AccessToken, RenewsItself
from softphone.core.signin.account import JabberAccount
from softphone.core.signin.answers import Asked, Trouble, read
from softphone.core.signin.discovery import Nowhere
from softphone.core.signin.documents import Garbage, Refusal
from softphone.core.signin.http_requests import HttpRequests
from softphone.core.signin.steps import SignedIn, Steps
from softphone.core.signin.transitions import SIGN_IN_TRANSITIONS, SignInAction, SignInInput, SignInState
from softphone.core.state_table import follow

__all__ = ["SessionOver", "SignIn", "SignInNews", "SignedIn", "TokenCame"]

S, I = SignInState, SignInInput  # noqa: E741


@dataclass(frozen=True, slots=True)
class SessionOver:
    """The session has expired: the phone must unregister, and a person must sign in again."""


@dataclass(frozen=True, slots=True)
class TokenCame:
    """A newer token is there in place of one that was refused."""


SignInNews = SignedIn | SessionOver | TokenCame


class SignIn(RenewsItself):
    """One person's sign-in. After every call take `out` (effects) and `take_news` (what it led to)."""

    def __init__(
        self,
        account: JabberAccount,
        *,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        tls: ClientTls,
    ) -> None:
        """`tls`: what is demanded of every HTTPS server; its empty name stands for the URL's host."""
        self.account = account
        self.out: list[Effect] = []
        self._journal = journal
        self._news: list[SignInNews] = []
        self._http = HttpRequests(out=self.out, journal=journal, tls=tls)
        self._steps = Steps(
            account, entropy=entropy, journal=journal, flows=flows, http=self._http, out=self.out
        )

    # --- control ------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Begin with the SRV records. Raises IllegalInput while it signs in or is signed in."""
        self._feed(I.START, None, now)

    def stop(self, now: Instant) -> None:
        """Sign out: forget every token but the access token, which the phone needs to unregister."""
        self._feed(I.STOP, None, now)

    @property
    def state(self) -> SignInState:
        return self._steps.state

    @property
    def last_failure(self) -> SignInFailed | None:
        return self._steps.last_failure

    def address_of(self, host: str) -> str | None:
        """Return the address that the name servers gave for `host`; None if they gave none."""
        return self._steps.names.addresses.get(host.rstrip(".").lower())

    # --- TokenSource --------------------------------------------------------------------------------------

    def current(self, now: Instant) -> AccessToken | None:
        """Return the access token held now."""
        return self._steps.session.current()

    def renewed(self, now: Instant) -> AccessToken | None:
        """Return a token that the phone has not seen yet; otherwise None, and a newer one is asked for."""
        session = self._steps.session
        if session.unseen:
            return session.current()
        if self.state is S.SIGNED_IN and not session.fresh(now):
            session.wanted = True
            self._steps.due[I.TOKEN_WANTED] = now
        return None

    def take_news(self) -> list[SignInNews]:
        """Return what happened since the last call, in order."""
        news, self._news = self._news, []
        return news

    # --- what arrives -------------------------------------------------------------------------------------

    def owns(self, flow: FlowId) -> bool:
        """Whether `flow` belongs to the sign-in: it asks name servers."""
        return self._steps.names.owns(flow)

    def flow_opened(self, flow: FlowId, now: Instant) -> None:
        self._steps.names.opened(flow, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self._steps.names.received(flow, data, now)
        self._look_at_names(now)

    def flow_ended(self, flow: FlowId, now: Instant) -> None:
        self._steps.names.lost(flow, now)
        self._look_at_names(now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> bool:
        """Take an answer; False if it is not one to this sign-in."""
        awaited = self._http.answers(key)
        if not awaited:
            return awaited is not None
        state, steps = self.state, self._steps
        asked = Asked(
            state=state,
            url=self._http.url,
            oauth_state=steps.attempt.state,
            refresh_flow=steps.refresh_flow,
        )
        try:
            found = read(result, asked, self.account)
        except (Trouble, Garbage, ConfigError) as problem:
            code = "E_GARBAGE" if isinstance(problem, ConfigError) else problem.code
            self._http.note(state, result, code, str(problem))
            self._feed(I.TROUBLE, (code, self._http.described(str(problem))), now)
        except Refusal as refusal:
            self._http.note(state, result, refusal.code, refusal.detail)
            over = state is S.RENEWING and refusal.error == "invalid_grant"
            given = I.SESSION_OVER if over else I.REFUSED
            self._feed(given, (refusal.code, self._http.described(refusal.detail)), now)
        else:
            self._http.note(state, result, "", "")
            self._feed(I.ANSWERED, found, now)
        return True

    def next_timeout(self) -> Instant | None:
        dues = list(self._steps.due.values())
        if (due := self._steps.names.next_timeout()) is not None:
            dues.append(due)
        return min(dues, default=None)

    def handle_timeout(self, now: Instant) -> None:
        names, dues = self._steps.names, self._steps.due
        if (due := names.next_timeout()) is not None and due <= now:
            names.handle_timeout(now)
            self._look_at_names(now)
        while dues:
            given, at = min(dues.items(), key=lambda item: item[1])
            if at > now:
                return
            del dues[given]
            self._feed(given, None, now)

    def _look_at_names(self, now: Instant) -> None:
        if self.state is not S.SEEKING or (found := self._steps.discovery.look(now)) is None:
            return
        problem = found.code if isinstance(found, Nowhere) else ""
        detail = found.detail if isinstance(found, Nowhere) else found.text
        where = self._steps.discovery.inside[0] if isinstance(found, Nowhere) else found.record
        self._journal.add(
            SignInStepAnswered(step=self.state, where=where, status=None, problem=problem, detail=detail)
        )
        if isinstance(found, Nowhere):
            self._feed(I.REFUSED if found.final else I.TROUBLE, (found.code, found.detail), now)
        else:
            self._feed(I.ANSWERED, found, now)

    # --- inputs -------------------------------------------------------------------------------------------

    def _feed(self, given: SignInInput, payload: object, now: Instant) -> None:
        steps, old = self._steps, self.state
        new = follow(SIGN_IN_TRANSITIONS, old, given, lambda action: _ACTIONS[action](steps, payload, now))
        steps.state = new
        if new is not old:
            self._journal.add(SignInStateChanged(old=old, new=new, why=given))
        if new is S.SIGNED_IN and old is S.PROVISIONING:
            self._news.append(steps.result(str(payload)))
        elif new is S.EXPIRED:
            self._news.append(SessionOver())
        elif given is I.ANSWERED and old is S.RENEWING and steps.session.wanted:
            steps.session.wanted = False
            self._news.append(TokenCame())


_ACTIONS: Final[Mapping[SignInAction, Callable[[Steps, object, Instant], SignInState]]] = MappingProxyType(
    {
        SignInAction.SEEK: Steps.seek,
        SignInAction.BEGIN: Steps.begin,
        SignInAction.EQUIP: Steps.equip,
        SignInAction.TAKE_EDGE: Steps.take_edge,
        SignInAction.SKIP_EDGE: Steps.skip_edge,
        SignInAction.CHECK: Steps.check,
        SignInAction.OPEN: Steps.open,
        SignInAction.LOG_IN: Steps.log_in,
        SignInAction.REDEEM: Steps.redeem,
        SignInAction.TAKE_TOKENS: Steps.take_tokens,
        SignInAction.CHOOSE: Steps.choose,
        SignInAction.HAND_OVER: Steps.hand_over,
        SignInAction.RENEW: Steps.renew,
        SignInAction.RENEWED: Steps.take_renewed,
        SignInAction.TRY_AGAIN: Steps.try_again,
        SignInAction.RENEW_LATER: Steps.renew_later,
        SignInAction.GIVE_UP: Steps.give_up,
        SignInAction.END_SESSION: Steps.end_session,
        SignInAction.SIGN_OUT: Steps.sign_out,
        SignInAction.NOTHING: Steps.nothing,
    }
)
