"""Jabber as a person sees it: sign in, then register with what was found. One actor of two machines.

`SignIn` holds the tokens and finds the device; `Softphone` registers. After every call the actor takes the
news of the sign-in: signed in starts the phone, an expired session stops it, a token it waits for ends its
waiting.
"""

from __future__ import annotations

from dataclasses import replace

from simulator.core.actor.flow import Effect, Fetched, FlowEnd, FlowFacts
from simulator.core.entropy import Entropy
from simulator.core.events import PhoneFailed, PhoneRefused, PhoneSignedIn, SignInFailed
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.sip import UCM
from simulator.core.sip.bearer import Dialect
from softphone.core.actors.softphone import Softphone
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.transitions import Input, State
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, PhoneProfile, PortOverride, TokenSource
from softphone.core.settings.tls import client_tls
from softphone.core.signin import JabberAccount, SessionOver, SignedIn, SignIn, SignInState, TokenCame
from softphone.core.state_table import IllegalInput

AGAIN = 60.0
"""Seconds between two registrations that begin only because a new token came. [assumed]"""


class Jabber:
    """One person's Jabber, with the control and the properties of a `Softphone`."""

    def __init__(
        self,
        account: JabberAccount,
        profile: PhoneProfile,
        *,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        dialect: Dialect = UCM,
    ) -> None:
        """`profile`: everything but the device and the URL of its file, which the sign-in finds."""
        self.profile = profile
        self._entropy, self._journal, self._flows, self._dialect = entropy, journal, flows, dialect
        self._phone: Softphone | None = None
        self._again = Instant(0.0)
        self.sign_in = SignIn(
            account,
            entropy=entropy.child("sign-in"),
            journal=journal,
            flows=flows,
            tls=client_tls(profile),
        )

    # --- control ------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Sign in if need be, then register. Raises IllegalInput while it does."""
        if self._phone is not None and self.sign_in.state in (SignInState.SIGNED_IN, SignInState.RENEWING):
            self._phone.start(now)
            return
        try:
            self.sign_in.start(now)
        except IllegalInput:
            raise IllegalInput(self.state, Input.START) from None
        self._route_news(now)

    def stop(self, now: Instant) -> None:
        """Unregister and sign out."""
        if self._phone is not None and self._phone.state is not State.STOPPED:
            self._phone.stop(now)
        self.sign_in.stop(now)
        self._route_news(now)

    def set_behaviours(
        self, behaviours: frozenset[Behaviour], port_override: PortOverride | None = None
    ) -> None:
        """Replace the scripted misbehaviours; they count from the next thing the phone does."""
        self.profile = replace(
            self.profile, behaviours=behaviours, port_override=port_override or self.profile.port_override
        )
        if self._phone is not None:
            self._phone.set_behaviours(behaviours, port_override)

    def set_tokens(self, tokens: TokenSource) -> None:
        """Refuse: a Jabber gets its tokens itself. Raises ValueError."""
        raise ValueError(f"{self.profile.device} signs in: it gets its tokens itself")

    @property
    def name(self) -> ActorId:
        return self._journal.actor

    @property
    def state(self) -> State | SignInState:
        """The registration's state while the phone is at work, else the sign-in's."""
        if self._phone is not None and self._phone.state is not State.STOPPED:
            return self._phone.state
        return self.sign_in.state

    @property
    def registered_at(self) -> str | None:
        return None if self._phone is None else self._phone.registered_at

    @property
    def last_refusal(self) -> PhoneRefused | None:
        return None if self._phone is None else self._phone.last_refusal

    @property
    def last_failure(self) -> PhoneFailed | SignInFailed | None:
        """The sign-in's last failure until it has succeeded, then the registration's."""
        if self.sign_in.last_failure is not None and self.sign_in.state is not SignInState.SIGNED_IN:
            return self.sign_in.last_failure
        return None if self._phone is None else self._phone.last_failure

    @property
    def config(self) -> ConfigView | None:
        return None if self._phone is None else self._phone.config

    @property
    def decision(self) -> PortDecision | None:
        return None if self._phone is None else self._phone.decision

    def address_of(self, host: str) -> str | None:
        """Return the address that the name servers gave for `host`; None if they gave none."""
        return self.sign_in.address_of(host)

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if self.sign_in.owns(flow):
            self.sign_in.flow_opened(flow, now)
            self._route_news(now)
        elif self._phone is not None:
            self._phone.flow_opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if self.sign_in.owns(flow):
            self.sign_in.flow_data(flow, data, now)
            self._route_news(now)
        elif self._phone is not None:
            self._phone.flow_data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if self.sign_in.owns(flow):
            self.sign_in.flow_ended(flow, now)
            self._route_news(now)
        elif self._phone is not None:
            self._phone.flow_ended(flow, end, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        if self.sign_in.fetched(key, result, now):
            self._route_news(now)
        elif self._phone is not None:
            self._phone.fetched(key, result, now)

    def next_timeout(self) -> Instant | None:
        dues = [self.sign_in.next_timeout(), None if self._phone is None else self._phone.next_timeout()]
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        # First the sign-in: a token that is due now is then asked for before the phone misses it.
        self.sign_in.handle_timeout(now)
        self._route_news(now)
        if self._phone is not None:
            self._phone.handle_timeout(now)

    def effects(self) -> list[Effect]:
        out, self.sign_in.out[:] = list(self.sign_in.out), []
        return out if self._phone is None else out + self._phone.effects()

    # --- news of the sign-in ------------------------------------------------------------------------------

    def _route_news(self, now: Instant) -> None:
        for news in self.sign_in.take_news():
            match news:
                case SignedIn():
                    self._signed_in(news, now)
                case SessionOver():
                    self._signed_out(now)
                case TokenCame():
                    self._token_came(now)

    def _signed_in(self, found: SignedIn, now: Instant) -> None:
        self._journal.add(
            PhoneSignedIn(user=self.sign_in.account.user, device=found.device, config_url=found.config_urls[0])
        )
        self.profile = replace(
            self.profile,
            device=found.device,
            config_urls=found.config_urls,
            deployment=Deployment.MRA if found.edges else Deployment.ON_PREM,
            edges=found.edges,
        )
        if self._phone is None or self._phone.profile != self.profile:
            self._phone = Softphone(
                self.profile,
                tokens=self.sign_in,
                entropy=self._entropy,
                journal=self._journal,
                flows=self._flows,
                dialect=self._dialect,
            )
        self._phone.start(now)

    def _signed_out(self, now: Instant) -> None:
        """Unregister the phone, which may need no token or fail for want of one."""
        if self._phone is not None and self._phone.state is not State.STOPPED:
            self._phone.stop(now)

    def _token_came(self, now: Instant) -> None:
        """Register now if the phone waits because its token was refused, at most once in AGAIN seconds."""
        if self._phone is not None and self._phone.state is State.BACKING_OFF and now - self._again >= AGAIN:
            self._again = now
            self._phone.start(now)
