"""The softphone as an actor: control from outside, and the registration behind it.

The driver reports what became of its flows and fetches (`simulator.core.actor.flow.Actor`) and is answered with
effects. What the phone does is told in `softphone.core.registration`.
"""

from __future__ import annotations

from simulator.core.actor.flow import Effect, Fetched, FlowEnd, FlowFacts
from simulator.core.entropy import Entropy
from simulator.core.events import PhoneFailed, PhoneRefused
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.sip import UCM
from simulator.core.sip.bearer import Dialect
from softphone.core.device_file.ports import PortDecision
from softphone.core.device_file.view import ConfigView
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.machine import RegistrationMachine
from softphone.core.registration.transitions import Input, State
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import PhoneProfile, PortOverride, TokenSource


class Softphone:
    """One Jabber client. Call `start`, then drain `effects` after every call, as for any actor."""

    def __init__(
        self,
        profile: PhoneProfile,
        *,
        tokens: TokenSource,
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        dialect: Dialect = UCM,
    ) -> None:
        self.profile = profile
        self._context = PhoneContext(
            profile, tokens=tokens, entropy=entropy, journal=journal, flows=flows, dialect=dialect
        )
        self._machine = RegistrationMachine(self._context)
        self._held = self._machine.held

    # --- control ------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Fetch the configuration and register. Raises IllegalInput if the phone runs already."""
        self._machine.feed(Input.START, None, now)

    def stop(self, now: Instant) -> None:
        """Unregister (Expires: 0) and close; `state` is STOPPED once the node has answered."""
        self._machine.feed(Input.STOP, None, now)

    def set_behaviours(
        self, behaviours: frozenset[Behaviour], port_override: PortOverride | None = None
    ) -> None:
        """Replace the scripted misbehaviours; they count from the next thing the phone does."""
        self._context.conduct.behaviours = behaviours
        self._held.failover.override_port(port_override)

    def set_tokens(self, tokens: TokenSource) -> None:
        """Take access tokens from `tokens` from now on."""
        self._context.tokens.source = tokens

    @property
    def name(self) -> ActorId:
        return self._context.journal.actor

    @property
    def state(self) -> State:
        return self._held.state

    @property
    def registered_at(self) -> str | None:
        """The node's host while the phone believes that it is registered there."""
        return self._held.registered_at

    @property
    def last_refusal(self) -> PhoneRefused | None:
        return self._held.last_refusal

    @property
    def last_failure(self) -> PhoneFailed | None:
        return self._held.last_failure

    @property
    def config(self) -> ConfigView | None:
        """The last configuration that could be used."""
        return self._held.config

    @property
    def decision(self) -> PortDecision | None:
        """The node and port in use, or last tried."""
        return self._held.decision

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self._machine.flow_opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self._machine.flow_data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self._machine.flow_ended(flow, end, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self._machine.fetched(key, result, now)

    def next_timeout(self) -> Instant | None:
        return self._machine.next_timeout()

    def handle_timeout(self, now: Instant) -> None:
        self._machine.handle_timeout(now)

    def effects(self) -> list[Effect]:
        out, self._context.out[:] = list(self._context.out), []
        return out
