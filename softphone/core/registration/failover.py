"""Where the phone goes when a node or an edge fails: decisions as values, which the machine carries out.

`Move` names the next node and port, `Exhausted` says that the round is over, `Postponed` that a call must end
first. Nothing here opens a connection, sets a timer or knows the time.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.events import PhoneFailedOver, PhoneRefused
from softphone.core.device_file.ports import PortDecision, PortPlan, override
from softphone.core.registration.context import PhoneContext
from softphone.core.registration.node_list import NodeList
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, PortOverride

STABLE = 10.0
"""Seconds a registration must last before its loss counts as news and not as one more failure. [assumed]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Connect to this node next."""

    to: PortDecision
    events: tuple[PhoneFailedOver, ...] = ()
    """What changes with it: the node, the edge, or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """Every node of this round was tried: wait, then begin with the configuration again."""

    detail: str
    """Why each of them failed, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """The phone is in a call and stays where it is until the call is over."""

    why: str
    first: bool
    """False: the move was postponed before, for another reason or the same."""


class Failover:
    """Decides for one phone. Over MRA a failed connection condemns its edge, a refusal or silence its node."""

    def __init__(self, context: PhoneContext) -> None:
        self._profile = context.profile
        self._conduct = context.conduct
        self._nodes = NodeList(context)
        self._postponed = ""

    @property
    def plan(self) -> PortPlan | None:
        """The last plan of nodes and ports that could be used."""
        return self._nodes.plan

    @property
    def over_edge(self) -> bool:
        """Whether the phone registers through an Expressway."""
        return self._profile.deployment == Deployment.MRA

    @property
    def postponed(self) -> str:
        """Why the phone moves as soon as its call is over; empty if it does not."""
        return self._postponed

    def override_port(self, port_override: PortOverride | None) -> None:
        """Use `port_override` for every later round of a phone that dials a wrong port."""
        self._nodes.port_override = port_override or self._profile.port_override

    # --- rounds -------------------------------------------------------------------------------------------

    def begin(self, plan: PortPlan) -> tuple[PortDecision, ...]:
        """Begin a round with the nodes of `plan` and return them in the order in which they will be tried."""
        self._nodes.begin(plan)
        return tuple(self._nodes.left)

    def first(self) -> Move | Exhausted:
        """Return the first node of a round that has just begun."""
        return self._next(None, "")

    def connection_failed(self, at: PortDecision, why: str) -> Move | Exhausted:
        """Pass over `at`, which could not be connected to or lost the connection before the phone registered.

        Over MRA the edge has failed, whatever node lies behind it: other nodes by the same edge are passed
        over.
        """
        if self.over_edge:
            self._nodes.skip_edge(at)
        return self.node_failed(at, why)

    def node_failed(self, at: PortDecision, why: str) -> Move | Exhausted:
        """Pass over `at`, which does not answer; over MRA its edge is still good."""
        self._nodes.note(at, why)
        return self._next(at, why)

    def registration_lost(
        self, at: PortDecision, why: str, *, lasted: bool, edge_gone: bool = False
    ) -> Move | Exhausted:
        """Leave `at`, where the phone was registered; begin a new round if that `lasted` STABLE seconds."""
        if lasted:
            self._nodes.begin_after(at, edge_gone=edge_gone)
        elif edge_gone:
            self._nodes.skip_edge(at)
        return self.node_failed(at, why)

    def fall_back(self, at: PortDecision, better: PortDecision) -> Move:
        """Go back to `better`, which has granted it; the other nodes are the ones to fail over to."""
        self._nodes.begin_behind(better)
        return Move(to=better, events=(PhoneFailedOver(old=at.host, new=better.host, why="a better node"),))

    # --- refusals -----------------------------------------------------------------------------------------

    def reports_node_down(self, refusal: PhoneRefused, *, registered: bool) -> bool:
        """Whether an edge says with this `refusal` that it does not reach the node, and there is another.

        A 408 is a timeout that a proxy noticed (RFC 3261 8.1.3.1), a 503 asks to try another server (RFC 3263
        4.3). [that Jabber moves on for them is assumed]
        """
        down = self.over_edge and refusal.status in (408, 503) and refusal.retry_after is None
        if not down or self.plan is None or not self._profile.failover:
            return False
        return len(self.plan.decisions) > 1 if registered else bool(self._nodes.left)

    def legacy_port(self, at: PortDecision) -> Move | None:
        """Misbehave: hop from the OAuth port of `at` to its 5061 or 5060. None: the phone behaves."""
        if Behaviour.HOP_TO_LEGACY_PORT not in self._conduct or not at.bearer:
            return None
        element = "securedSipPort" if self._profile.credential is not None else "sipPort"
        self._nodes.begin_with(override(at, PortOverride(element=element)))
        found = self._next(at, "hops to the legacy port")
        assert isinstance(found, Move)
        return found

    # --- calls --------------------------------------------------------------------------------------------

    def postpone(self, why: str) -> Postponed | None:
        """Put the move off if the phone is in a call over MRA; None if it is not.

        It moves after the call even if the edge has recovered. [documented: device-config 4.9]
        """
        if not self.over_edge or Behaviour.IN_CALL not in self._conduct:
            return None
        first = not self._postponed
        self._postponed = self._postponed or why
        return Postponed(why=why, first=first)

    def forget_postponed(self) -> None:
        """Drop the postponed move: the connection that it was to leave is gone."""
        self._postponed = ""

    # --- parts --------------------------------------------------------------------------------------------

    def _next(self, old: PortDecision | None, why: str) -> Move | Exhausted:
        new = self._nodes.next()
        if new is None:
            return Exhausted(detail=self._nodes.story)
        events = []
        if old is not None and old.node != new.node:
            events.append(PhoneFailedOver(old=old.host, new=new.host, why=why))
        if old is not None and self.over_edge and old.next_hop != new.next_hop:
            events.append(PhoneFailedOver(old=str(old.next_hop), new=str(new.next_hop), why=why))
        return Move(to=new, events=tuple(events))
