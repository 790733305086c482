"""Expressway-C as an actor: phones' requests go to UCM's 5091 and back again.

A stateful proxy with one target for each request (RFC 3261 16). With a `TraversalPlan` they come from an
Expressway-E, over connections that this one opens; without one the listeners "edge" and "https" stand for the
whole path to the Internet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from simulator.core.actor.flow import Address, Effect, Fetched, FlowEnd, FlowFacts, Listen
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential, ServerTls
from simulator.expressway.core.admin.administration import PREFIX, Administration
from simulator.expressway.core.admin.discovery import FoundNode, Identity
from simulator.expressway.core.admin.neighbor_zones import Neighbours
from simulator.expressway.core.admin.zone_registry import NeighbourZone
from simulator.expressway.core.listeners import EDGE
from simulator.expressway.core.mra_https.service import EdgeService, MraEnvironment
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings, Load
from simulator.expressway.core.sip.flows import SipFlows
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, registration_of, towards_ucm
from simulator.expressway.core.sip.keep_alives import KeepAlives, Pinged
from simulator.expressway.core.sip.phone_flows import Edge
from simulator.expressway.core.sip.proxy import Relay
from simulator.expressway.core.sip.ucm_zones import Zones
from simulator.expressway.core.sip.zone import UcmNode, ZoneStatus
from simulator.expressway.core.tokens.check import TokenGate
from simulator.expressway.core.traversal.client import TraversalClient, TraversalPlan
from simulator.expressway.core.traversal.client_side import Outside, OwnEdge
from simulator.expressway.core.trusted_cas import usable

__all__ = ["EDGE", "ExpresswayC", "ExpresswaySettings"]

_FILES = (("http", 6970), ("https", 6972))


class ExpresswayC:
    """The actor. Users are read in the tokens it opens with the keys it fetched; `users` names those of devices
    where it has no keys."""

    def __init__(
        self,
        *,
        name: str,
        address: Address,
        credential: Credential,
        trust: tuple[bytes, ...],
        nodes: Mapping[str, UcmNode],
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        users: Mapping[str, str] | None = None,
        path_mode: bool = False,
        settings: ExpresswaySettings | None = None,
        identity: Identity | None = None,
        locate: Callable[[FoundNode], Address] | None = None,
        files: Callable[[FoundNode], tuple[tuple[str, int], ...]] = lambda node: _FILES,
        authorize_by_token: bool = True,
        edge_credential: Credential | None = None,
        https: Address | None = None,
        host: str = "",
        domain: str = "",
        traversal: TraversalPlan | None = None,
    ) -> None:
        """`address` is listened on and written into Via, Contact and Path; with port 0 (or a wildcard host) the
        first accepted connection tells what it became. `nodes` by the name the phones' cnf.xml gives them.
        `path_mode`: SIP Path headers = On. `identity`: what discovery tells UCM. `locate`: where a found node's
        5091 is; default: as it says. `files`: (scheme, port) of each place where a found node serves
        configuration files. `authorize_by_token`: the switch "Authorize by OAuth token with refresh".
        `edge_credential`: what phones are shown; default: `credential`. `https`: where Expressway-E's 8443
        listens, for clients of `domain` that know it as `host`; None: nowhere. `traversal`: the Expressway-E
        before it, which has phones, their certificate and 8443 then.
        """
        self._name = ActorId(name)
        plain = settings or ExpresswaySettings()
        self._settings = plain if traversal is None else plain.behind_traversal()
        self._out = Outbox(journal)
        self.identity = identity or Identity(hostname=name, names=())
        """For the next discovery: change it with the certificate."""
        self._edge_credential = edge_credential
        self._guard = RateLimiter(rate=self._settings.rate)
        self._gate = TokenGate(settings=self._settings, journal=journal)
        self._edge = Edge(limit=self._settings.flows, contacts_per_flow=self._settings.contacts_per_flow)
        self._zones = Zones(
            nodes,
            credential=credential,
            trust=usable(trust),
            versions=(self._settings.minimum, self._settings.maximum),
            backoff=self._settings.backoff,
            crls=self._settings.crls,
            flow_ids=flows,
            transmit=self._out.transmit,
        )
        self._neighbours = Neighbours(
            self._name,
            zones=self._zones,
            gate=self._gate,
            out=self._out,
            by_token=authorize_by_token,
            locate=locate,
            abandon=lambda flow: self._relay.abandon(flow),
        )
        self.administration = Administration(
            out=self._out,
            me=lambda: self.identity,
            trust=lambda: self._zones.trust,
            apply=self._neighbours.apply,
        )
        self._hangs = False
        self._service = EdgeService(
            MraEnvironment(
                domain=domain,
                route=lambda: self._relay.own,
                nodes=lambda: self._neighbours.nodes,
                files=files,
                trust=lambda: self._zones.trust,
                by_token=lambda: self._neighbours.by_token,
            ),
            out=self._out,
            gate=self._gate,
            entropy=entropy.child("edge-cookies"),
            answered=lambda number, answer, now: self._outside.answer(number, answer, now),
        )
        self._outside: Outside
        if traversal is None:
            self._outside = OwnEdge(
                host=host,
                https=https,
                sip=lambda: self._relay.own.port,
                ask=self._service.take,
                out=self._out,
                guard=self._guard,
            )
        else:
            self._outside = TraversalClient(
                traversal,
                edge=self._edge,
                tls=self._zones.tls,
                flow_ids=flows,
                out=self._out,
                ask=self._service.take,
                abandon=lambda flow: self._relay.abandon(flow),
            )
        self._relay = Relay(
            own=address,
            name=host,
            users=dict(users or {}),
            manner=ForwardingPolicy(
                inward=partial(towards_ucm, path_mode=path_mode, hop_count=self._settings.hop_count),
                registration=registration_of,
            ),
            settings=self._settings,
            secret=entropy.hex(16),
            edge=self._edge,
            zones=self._zones,
            out=self._out,
            guard=self._guard if traversal is None else None,
            gate=self._gate,
        )
        self._flows = SipFlows(
            edge=self._edge,
            zones=self._zones,
            losses=self._neighbours,
            relay=self._relay,
            keep_alives=KeepAlives(
                self._pinged, settings=self._settings, entropy=entropy.child("stun"), out=self._out
            ),
            guard=self._guard,
            out=self._out,
            patience=self._settings.message_patience,
            uplink=self._outside.uplink,
        )
        self.power_on()

    def _pinged(self) -> tuple[Pinged, ...]:
        uplink = self._outside.uplink
        return tuple(self._zones) if uplink is None else (*self._zones, uplink)

    def power_on(self) -> None:
        """At the beginning, and after it was off: every connection of before is gone, nobody said so."""
        for part in (self._zones, self._edge, self._flows, self._relay):
            part.forget()
        self._outside.power_on()

    # --- for whoever runs and administers it -----------------------------------------------------------------

    @property
    def name(self) -> ActorId:
        return self._name

    @property
    def address(self) -> Address:
        return self._relay.own

    @property
    def load(self) -> Load:
        return Load(phones=len(self._edge), pending=self._relay.waiting, contacts=self._edge.contacts)

    @property
    def traversal(self) -> tuple[ZoneStatus, ...]:
        """The zone towards its Expressway-E, and the tunnel; empty: it has none of its own."""
        return self._outside.statuses

    def listens(self) -> tuple[Listen, ...]:
        tls = ServerTls(
            credential=self._edge_credential or self._zones.credential,
            minimum=self._settings.minimum,
            maximum=self._settings.maximum,
        )
        return self._outside.listens(self.address, tls)

    def zone_state(self, node: str) -> ZoneStatus:
        """Raises KeyError for a node that is not configured."""
        zone = self._zones.named(node)
        if zone is None:
            raise KeyError(f"no UCM node {node!r} is configured")
        return zone.status

    @property
    def neighbour_zones(self) -> tuple[NeighbourZone, ...]:
        """Those that discovery made."""
        return self._neighbours.book

    @property
    def authorize_by_token(self) -> bool:
        return self._neighbours.by_token

    def set_authorize_by_token(self, on: bool) -> None:
        """Off: the CEOAuth zones are gone at once. On: they come with the next refresh. [assumed]"""
        self._neighbours.set_by_token(on)

    def blocked_sources(self, now: Instant) -> dict[str, Instant]:
        return self._guard.sources(now)

    def unblock(self, source: str) -> bool:
        return self._guard.release(source)

    def set_node(self, name: str, node: UcmNode | None) -> None:
        """A node was discovered again: other port, other name, or (None) no longer there.

        What changed is connected to anew at the next request; requests that wait for it are answered.
        """
        self._neighbours.set_node(name, node)

    def set_users(self, users: Mapping[str, str]) -> None:
        self._relay.users = dict(users)

    def set_trust(self, trust: tuple[bytes, ...]) -> None:
        """New trusted CAs, for the next connections to UCM; `restart` ends the present ones."""
        self._zones.trust = usable(trust)
        self._forgive()

    def set_credential(self, credential: Credential, *, names: tuple[str, ...] = ()) -> None:
        """A new server certificate: for the next connections to UCM, and for `listens` when asked again.

        UCM hears of `names` with the next refresh.
        """
        self._zones.credential = credential
        if names:
            self.identity = replace(self.identity, names=names)
        self._forgive()

    def _forgive(self) -> None:
        self._neighbours.reset_backoff()
        self._outside.reset_backoff()

    def restart(self) -> None:
        """Closes every connection it opened; the next ones are made with the certificates of then."""
        self._neighbours.restart()
        self._outside.restart()

    def hang(self, on: bool) -> None:
        """It takes connections and answers nothing, or comes to itself: what came meanwhile is lost."""
        self._hangs = on

    # --- Actor ------------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if not self._outside.opened(flow, facts, now):
            self._flows.opened(flow, facts, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if not self._hangs and not self._outside.data(flow, data, now):
            self._flows.data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if not self._outside.ended(flow, end, now):
            self._flows.ended(flow, end, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        if key.startswith(PREFIX):
            self.administration.fetched(key, result, now)
        else:
            self._service.fetched(key, result, now)

    def next_timeout(self) -> Instant | None:
        if self._hangs:
            return None
        dues = (self._relay.next_deadline(), self._outside.next_timeout(), self._flows.next_timeout())
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        if self._hangs:
            return
        self._relay.expire(now)
        self._outside.handle_timeout(now)
        self._flows.handle_timeout(now)

    def effects(self) -> list[Effect]:
        return self._out.drain()
