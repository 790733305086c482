"""What the flows of one listener or dial have in common: from connection to actor and to the event log."""

from __future__ import annotations

from typing import Literal, Protocol

from simulator.aio.pump import Pump
from simulator.aio.udp import UdpFlow
from simulator.core.eventlog import EventLog
from simulator.core.events import FlowClosed, FlowOpened, TlsEstablished, TlsFailed
from simulator.core.flow import ActorId, Address, FlowEnd, FlowFacts, FlowId, FlowIds, TlsFacts, Transport
from simulator.core.tls.alerts import TlsRefusal

TlsRole = Literal["client", "server"]


class Carrier(Protocol):
    """A live flow, whatever carries it."""

    flow: int

    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Seat(Protocol):
    """An actor's place on its driver, as its doorways use it."""

    name: ActorId
    removed: bool
    carriers: dict[FlowId, Carrier]
    pumps: set[Pump]

    def opened(self, flow: FlowId, facts: FlowFacts) -> None: ...
    def data(self, flow: FlowId, data: bytes) -> None: ...
    def ended(self, flow: FlowId, end: FlowEnd) -> None: ...
    def stirred(self) -> None:
        """Something moved that no actor is told about: a connection, half a handshake."""

    def gone(self, pump: Pump) -> None: ...


class Doorway:
    """A `PumpOwner` and a `UdpOwner`.

    Accepted connections get their flow id here and reach the actor once they are established; a dialled flow
    has its id from the actor, who is told of any end it comes to.
    """

    __slots__ = ("_dialled", "_flows", "_listener", "_log", "_role", "_seat", "_transport")

    def __init__(
        self,
        seat: Seat,
        log: EventLog,
        flows: FlowIds,
        *,
        transport: Transport,
        listener: str | None = None,
        dialled: FlowId | None = None,
    ) -> None:
        self._seat = seat
        self._log = log
        self._flows = flows
        self._transport: Transport = transport
        self._listener = listener
        self._dialled = dialled
        self._role: TlsRole = "server" if dialled is None else "client"

    # --- TCP and TLS -----------------------------------------------------------------------------------------

    def connected(self, pump: Pump) -> None:
        seat = self._seat
        seat.pumps.add(pump)
        if seat.removed:
            # Accepted by the kernel while the listener was being closed.
            pump.abort()
            return
        self._enter(pump, pump.local, pump.remote)
        seat.stirred()

    def established(self, pump: Pump, tls: TlsFacts | None) -> None:
        flow = FlowId(pump.flow)
        if tls is not None and self._log.on:
            peer = tls.peer
            self._emit(
                flow,
                TlsEstablished(
                    role=self._role,
                    version=tls.version,
                    cipher=tls.cipher,
                    peer_names=peer.names if peer else (),
                    peer_issuer=peer.issuer if peer else "",
                ),
            )
        self._seat.opened(flow, self._facts(pump.local, pump.remote, tls))

    def received(self, pump: Pump, data: bytes) -> None:
        self._seat.data(FlowId(pump.flow), data)

    def ended(self, pump: Pump, end: FlowEnd) -> None:
        flow = FlowId(pump.flow)
        if end.refusal is not None and self._log.on:
            self._emit(flow, tls_failed(self._role, end.refusal))
        self._leave(flow, end)
        if pump.up or self._dialled is not None:
            self._seat.ended(flow, end)
        else:
            self._seat.stirred()

    def gone(self, pump: Pump) -> None:
        self._seat.gone(pump)

    # --- UDP -------------------------------------------------------------------------------------------------

    def opened(self, flow: UdpFlow) -> None:
        self._enter(flow, flow.local, flow.remote)
        self._seat.opened(FlowId(flow.flow), self._facts(flow.local, flow.remote, None))

    def received_datagram(self, flow: UdpFlow, data: bytes) -> None:
        self._seat.data(FlowId(flow.flow), data)

    def ended_datagrams(self, flow: UdpFlow, end: FlowEnd) -> None:
        self._leave(FlowId(flow.flow), end)
        self._seat.ended(FlowId(flow.flow), end)

    # --- both ------------------------------------------------------------------------------------------------

    def _enter(self, carrier: Carrier, local: Address, remote: Address) -> None:
        flow = self._dialled if self._dialled is not None else self._flows.take()
        carrier.flow = flow
        self._seat.carriers[flow] = carrier
        if self._log.on:
            opened = FlowOpened(
                transport=self._transport, local=str(local), remote=str(remote), listener=self._listener
            )
            self._emit(flow, opened)

    def _leave(self, flow: FlowId, end: FlowEnd) -> None:
        known = self._seat.carriers.pop(flow, None) is not None
        if known and self._log.on:
            self._emit(flow, FlowClosed(by=end.by, clean=end.clean, detail=end.detail))

    def _facts(self, local: Address, remote: Address, tls: TlsFacts | None) -> FlowFacts:
        return FlowFacts(
            transport=self._transport, local=local, remote=remote, tls=tls, listener=self._listener
        )

    def _emit(self, flow: FlowId, event: FlowOpened | FlowClosed | TlsEstablished | TlsFailed) -> None:
        self._log.emit(self._seat.name, event, flow=flow)


def tls_failed(role: TlsRole, refusal: TlsRefusal) -> TlsFailed:
    return TlsFailed(
        role=role,
        by=refusal.by,
        alert=refusal.alert,
        alert_name=refusal.alert_name,
        reason=refusal.reason,
        detail=refusal.detail,
    )
