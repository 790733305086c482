"""Expressway-C as an actor: phones' requests go to UCM's 5091 and back again.

A stateful proxy with one target for each request (RFC 3261 16). With a `TraversalPlan` they come from an
Expressway-E, over connections that this one opens; without one the listeners "edge" and "https" stand for the
whole path to the Internet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from simulator.core.actor.flow import Address, Fetched, FlowEnd, FlowFacts, Listen
from simulator.core.entropy import Entropy
from simulator.core.events.log import Journal
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential
from simulator.expressway.core.actors.expressway import Expressway
from simulator.expressway.core.admin.administration import PREFIX, ExpresswayAdministration
from simulator.expressway.core.admin.discovery import Found, FoundNode, Identity, UcmServer
from simulator.expressway.core.admin.neighbor_zones import NeighborZone, NeighborZones
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.listeners import EDGE
from simulator.expressway.core.mra_https.server import HttpsServer
from simulator.expressway.core.mra_https.service import MraService
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.own_address import OwnAddress
from simulator.expressway.core.rate_limiter import RateLimiter
from simulator.expressway.core.settings import ExpresswaySettings
from simulator.expressway.core.sip.forwarding import ForwardingPolicy, registration_of, towards_ucm
from simulator.expressway.core.sip.phone_flows import PhoneFlows
from simulator.expressway.core.sip.stack import SipStack
from simulator.expressway.core.sip.ucm_zones import UcmZones
from simulator.expressway.core.sip.zone import UcmNode, ZoneStatus
from simulator.expressway.core.tokens.check import TokenCheck
from simulator.expressway.core.traversal.client import TraversalClient, TraversalPlan
from simulator.expressway.core.traversal.client_side import ClientSide, DirectClients

__all__ = ["EDGE", "ExpresswayC", "ExpresswaySettings", "PhonesView"]


def usual_file_servers(_node: FoundNode) -> tuple[tuple[str, int], ...]:
    """Return the documented ports of a node's configuration files: (scheme, port)."""
    return ("http", 6970), ("https", 6972)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonesView:
    """How phones see an Expressway-C that is a whole pair."""

    host: str = ""
    """The name by which clients reach it."""
    domain: str = ""
    """The domain whose clients it serves."""
    https: Address | None = None
    """Where its 8443 listens; None: nowhere."""
    credential: Credential | None = None
    """What phones are shown; None: the server certificate."""


class ExpresswayC(Expressway):
    """The actor. It reads a phone's user in the token, which it opens with the keys it fetched."""

    def __init__(
        self,
        *,
        address: Address,
        credential: Credential,
        trust: tuple[bytes, ...],
        nodes: Mapping[str, UcmNode],
        entropy: Entropy,
        journal: Journal,
        flows: FlowIds,
        view: PhonesView = PhonesView(),
        identity: Identity | None = None,
        locate: Callable[[FoundNode], Address] | None = None,
        files: Callable[[FoundNode], tuple[tuple[str, int], ...]] = usual_file_servers,
        settings: ExpresswaySettings | None = None,
        traversal: TraversalPlan | None = None,
    ) -> None:
        """`address` is listened on and written into Via, Contact and Path; with port 0 (or a wildcard host) the
        first accepted connection tells what it became. `nodes` by the name the phones' cnf.xml gives them.
        `identity`: what discovery tells UCM; default: the actor's name as host name. `locate`: where a found
        node's 5091 is; default: as it was found. `files`: (scheme, port) of each place where a found node
        serves configuration files. `traversal`: the Expressway-E before it, which then has phones and 8443.
        """
        plain = settings or ExpresswaySettings()
        settings = plain if traversal is None else plain.behind_traversal()
        out = Outbox(journal)
        self._view = view
        own = OwnAddress(address)
        self._certificates = Certificates(credential=credential, trust=trust, settings=settings)
        tokens = TokenCheck(settings=settings, journal=journal)
        limiter = RateLimiter(journal, rate=settings.rate)
        phones = PhoneFlows(limit=settings.flows, contacts_per_flow=settings.contacts_per_flow)
        self._zones = UcmZones(
            nodes, certificates=self._certificates, backoff=settings.backoff, flow_ids=flows, out=out
        )
        self._neighbors = NeighborZones(
            zones=self._zones,
            tokens=tokens,
            out=out,
            by_token=settings.authorize_by_token,
            locate=locate,
        )
        self.administration = ExpresswayAdministration(
            identity=identity or Identity(hostname=journal.actor, names=()),
            certificates=self._certificates,
            out=out,
        )
        self._service = MraService(
            domain=view.domain,
            own=own,
            neighbors=self._neighbors,
            files=files,
            certificates=self._certificates,
            tokens=tokens,
            entropy=entropy.child("edge-cookies"),
            out=out,
        )
        self._clients: ClientSide = (
            DirectClients(
                https=view.https, server=HttpsServer(host=view.host, own=own, out=out, limiter=limiter)
            )
            if traversal is None
            else TraversalClient(
                traversal, phones=phones, certificates=self._certificates, flow_ids=flows, out=out
            )
        )
        sip = SipStack(
            own=own,
            name=view.host,
            settings=settings,
            policy=ForwardingPolicy(
                inward=partial(towards_ucm, path_mode=settings.path_mode, hop_count=settings.hop_count),
                registration=registration_of,
            ),
            phones=phones,
            zones=self._zones,
            uplink=self._clients.uplink,
            limiter=limiter,
            tokens=tokens,
            entropy=entropy,
            out=out,
        )
        super().__init__(own=own, limiter=limiter, sip=sip, out=out)
        self.power_on()

    def power_on(self) -> None:
        """Begin, at first or after it was off: no earlier connection is left, and nobody closed them."""
        self._zones.forget()
        self._sip.forget()
        self._clients.power_on()

    # --- what is shown ------------------------------------------------------------------------------------

    @property
    def traversal(self) -> tuple[ZoneStatus, ...]:
        """The zone towards its Expressway-E, and the tunnel; empty: it has none."""
        return self._clients.statuses

    def listens(self) -> tuple[Listen, ...]:
        """Return the listeners for phones, with the present certificates."""
        return self._clients.listens(self.address, self._certificates.server_tls(self._view.credential))

    def zone_state(self, node: str) -> ZoneStatus:
        """Return the state of a node's CEOAuth zone. Raises KeyError for a node that is not configured."""
        zone = self._zones.named(node)
        if zone is None:
            raise KeyError(f"no UCM node {node!r} is configured")
        return zone.status

    @property
    def neighbor_zones(self) -> tuple[NeighborZone, ...]:
        """The zones that discovery made."""
        return self._neighbors.configured

    @property
    def authorize_by_token(self) -> bool:
        return self._neighbors.by_token

    # --- what an administrator does -----------------------------------------------------------------------

    def set_authorize_by_token(self, on: bool) -> None:
        """Turn the switch: off, the CEOAuth zones are gone at once; on, they come with a refresh. [assumed]"""
        self._sip.closed(*self._neighbors.set_by_token(on))

    def adopt(self, server: UcmServer, found: Found) -> None:
        """Go by `found` as if `server` had been discovered before."""
        self._apply(server, found)
        self.administration.adopt(server, found)

    def set_node(self, name: str, node: UcmNode | None) -> None:
        """Change a node as another discovery would: other port, other name, or (None) no longer there.

        The next request opens a new connection; requests that wait for the old one are answered.
        """
        self._sip.closed(self._zones.set_node(name, node))

    def set_trust(self, trust: tuple[bytes, ...]) -> None:
        """Replace the trusted CAs, for the next connections to UCM; `restart` ends the present ones."""
        self._certificates.trust = trust
        self._reset_backoff()

    def set_credential(self, credential: Credential, *, names: tuple[str, ...] = ()) -> None:
        """Replace the server certificate: for the next connections to UCM, and for `listens` when asked again.

        UCM hears of `names` with the next refresh.
        """
        self._certificates.credential = credential
        if names:
            self.administration.identity = replace(self.administration.identity, names=names)
        self._reset_backoff()

    def restart(self) -> None:
        """Close every connection that it opened; the next ones use the certificates that it has then."""
        self._sip.closed(*self._zones.restart())
        self._sip.closed(self._clients.restart())

    # --- the actor ----------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if not self._clients.opened(flow, facts, now):
            self._sip.opened(flow, facts, now)

    def _data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if self._clients.data(flow, data, now):
            self._serve(now)
        else:
            self._sip.data(flow, data, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if not self._clients.ended(flow, end, now):
            self._sip.ended(flow, end, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        if key.startswith(PREFIX):
            discovered = self.administration.fetched(key, result, now)
            if discovered is not None:
                self._apply(discovered.server, discovered.found)
                self.administration.finish(discovered)
        elif (answered := self._service.fetched(key, result, now)) is not None:
            self._clients.answer(*answered, now)
            self._serve(now)

    def _timeouts(self) -> tuple[Instant | None, ...]:
        return self._sip.next_timeout(), self._clients.next_timeout()

    def _timeout(self, now: Instant) -> None:
        self._clients.handle_timeout(now)
        self._sip.handle_timeout(now)

    # --- routes between the parts -------------------------------------------------------------------------

    def _serve(self, now: Instant) -> None:
        """Hand requests to 8443 to the service, and its answers back, until none waits."""
        while (asked := self._clients.next_request()) is not None:
            number, request = asked
            answer = self._service.take(number, request, now)
            if answer is not None:
                self._clients.answer(number, answer, now)

    def _apply(self, server: UcmServer, found: Found) -> None:
        self._sip.closed(*self._neighbors.apply(server, found))

    def _reset_backoff(self) -> None:
        self._zones.reset_backoff()
        self._clients.reset_backoff()
