"""UDP sockets: each remote address is a flow; of too many, the one silent for longest is forgotten."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Protocol, cast

from simulator.aio.flow_context import FlowContext
from simulator.core.actor.flow import Address, FlowEnd
from simulator.core.ids import FlowId

SocketName = tuple[str, int] | tuple[str, int, int, int]


class UdpOwner(Protocol):
    """Who is told what happens on a UDP socket."""

    def opened(self, flow: UdpFlow) -> None:
        """A remote address was heard for the first time."""

    def received_datagram(self, flow: UdpFlow, data: bytes) -> None:
        """One datagram arrived."""

    def ended_datagrams(self, flow: UdpFlow, end: FlowEnd) -> None:
        """The flow is forgotten, or the network says that nobody is there."""


class UdpFlow:
    """One remote address, as one socket knows it."""

    __slots__ = ("_name", "_socket", "flow", "local", "remote")

    def __init__(self, sock: UdpSocket, name: SocketName) -> None:
        self._socket = sock
        self._name = name
        self.flow = FlowId(0)
        self.local = sock.local
        self.remote = Address(name[0], name[1])

    @property
    def owner(self) -> UdpOwner:
        """Who is told of this flow."""
        return self._socket.owner

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self._socket.send(data, self._name, self.flow)

    def close(self) -> None:
        """Forget the remote address, and close a socket that was opened for it alone."""
        self._socket.forget(self._name)

    abort = close


class UdpSocket(asyncio.DatagramProtocol):
    """A listener, or (connected) the one socket of a flow an actor opened itself."""

    def __init__(
        self,
        owner: UdpOwner,
        context: FlowContext,
        *,
        connected: bool = False,
    ) -> None:
        self.owner = owner
        self._activity = context.activity
        self._tap = context.tap
        self._most_flows = 1 if connected else context.limits.udp_flows
        self._connected = connected
        self._flows: OrderedDict[SocketName, UdpFlow] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None
        self.local = Address("", 0)
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: asyncio's own datagram transport is none before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.local = _address(transport.get_extra_info("sockname"))
        self._activity.open_socket(self.local)
        if self._connected:
            self._flow(transport.get_extra_info("peername"))

    def datagram_received(self, data: bytes, addr: SocketName) -> None:
        self._activity.datagram_received(self.local)
        flow = self._flow(addr)
        if self._tap is not None:
            self._tap.received(flow.flow, data)
        self.owner.received_datagram(flow, data)

    def error_received(self, exc: Exception) -> None:
        # On a socket without a peer nobody can tell whose error it is (RFC 1122 4.1.3.3: ICMP answers).
        if self._connected:
            for flow in tuple(self._flows.values()):
                self.owner.ended_datagrams(flow, FlowEnd(by="network", clean=False, detail=str(exc)))
                flow.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._activity.close_socket(self.local)
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, data: bytes, name: SocketName, flow: FlowId) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if self._tap is not None:
                self._tap.sent(flow, data)
            self._activity.datagram_sent(_address(name))
            self._transport.sendto(data, None if self._connected else name)

    def forget(self, name: SocketName) -> None:
        """Forget a remote address: its next datagram begins another flow."""
        self._flows.pop(name, None)
        if self._connected:
            self.close()

    def close(self) -> None:
        """Close the socket; `closed` is done when the port is free."""
        if self._transport is not None:
            self._transport.close()

    def _flow(self, name: SocketName) -> UdpFlow:
        flow = self._flows.get(name)
        if flow is not None:
            self._flows.move_to_end(name)
            return flow
        if len(self._flows) >= self._most_flows:
            _, oldest = self._flows.popitem(last=False)
            end = FlowEnd(by="network", clean=True, detail="forgotten: too many remote addresses")
            self.owner.ended_datagrams(oldest, end)
        flow = self._flows[name] = UdpFlow(self, name)
        self.owner.opened(flow)
        return flow


def _address(name: SocketName) -> Address:
    return Address(name[0], name[1])
