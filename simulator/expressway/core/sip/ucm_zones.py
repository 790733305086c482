"""An Expressway-C's CEOAuth zones: found by the node a request names, or by the flow that connects them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simulator.core.actor.flow import CloseFlow, Effect
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls, Credential, TlsVersion
from simulator.expressway.core.sip.forwarding import IncomingRequest
from simulator.expressway.core.sip.zone import Transmit, UcmNode, Zone


class Zones:
    """`credential` and `trust` are those of the next connection; changing them changes no present one."""

    def __init__(
        self,
        nodes: Mapping[str, UcmNode],
        *,
        credential: Credential,
        trust: tuple[bytes, ...],
        versions: tuple[TlsVersion, TlsVersion],
        backoff: float,
        flow_ids: FlowIds,
        transmit: Transmit,
        crls: tuple[bytes, ...] = (),
    ) -> None:
        self.credential = credential
        self._crls = crls
        self.trust = trust
        self._versions = versions
        self._backoff = backoff
        self._flow_ids = flow_ids
        self._transmit = transmit
        self._by_name: dict[str, Zone] = {}
        self._by_flow: dict[FlowId, Zone] = {}
        for name, node in nodes.items():
            self.put(name, node)

    def __iter__(self) -> Iterator[Zone]:
        return iter(tuple(self._by_name.values()))

    def put(self, name: str, node: UcmNode) -> None:
        """A fresh zone under `name`; the one it replaces was closed before."""
        self._by_name[name.lower()] = Zone(node, backoff=self._backoff, transmit=self._transmit)

    def remove(self, name: str) -> None:
        del self._by_name[name.lower()]

    def named(self, name: str) -> Zone | None:
        return self._by_name.get(name.lower())

    def at(self, host: str, port: int | None) -> Zone | None:
        """The node a URI means: by its name, or by its 5091's address, as UCM writes it in its Contacts."""
        host = host.strip("[]").rstrip(".")
        named = self.named(host)
        if named is not None:
            return named
        meant = (host.lower(), port)
        for zone in self._by_name.values():
            if meant in {(at.host.lower(), at.port) for at in (zone.node.address, zone.remote)}:
                return zone
        return None

    def of(self, flow: FlowId) -> Zone | None:
        return self._by_flow.get(flow)

    def zone_for(self, arrival: IncomingRequest) -> Zone | None:
        """The node that a request's Route, or else its Request-URI, names."""
        target = arrival.routes[0].uri if arrival.routes else arrival.request.uri
        return self.at(target.host, target.port)

    def usable(self, zone: Zone, now: Instant) -> bool:
        return not zone.resting(now)

    def reach(self, zone: Zone) -> tuple[FlowId, Effect | None]:
        """Its connection, started where there is none: mutual TLS, the Tomcat certificate checked against our
        trusted CAs."""
        if zone.flow is not None:
            return zone.flow, None
        flow = self._flow_ids.take()
        self._by_flow[flow] = zone
        return flow, zone.connect(flow, self.tls(zone.node.server_name or zone.node.host))

    def tls(self, server_name: str) -> ClientTls:
        """What we bring to the next connection to this host."""
        minimum, maximum = self._versions
        return ClientTls(
            server_name=server_name,
            trust=self.trust,
            credential=self.credential,
            minimum=minimum,
            maximum=maximum,
            crls=self._crls,
        )

    def forget(self) -> None:
        """The connections are gone without a word: we were switched off."""
        for zone in self:
            zone.close()
        self._by_flow.clear()

    def fail(self, flow: FlowId, detail: str, now: Instant) -> None:
        self._by_flow.pop(flow).fail(detail, now)

    def close(self, flow: FlowId) -> Effect:
        self._by_flow.pop(flow).close()
        return CloseFlow(flow)
