"""What the four logs have in common: times, addresses of a flow, and text that cannot break a line."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.events import FlowOpened
from simulator.core.ids import FlowId
from simulator.core.instant import Instant, to_datetime
from simulator.evidence.connections import Connections

_HARMLESS = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160), 0x2028, 0x2029), ".")


def plain(text: str) -> str:
    """Remove line ends and other control characters, which a foreign client's message may hold."""
    return text.translate(_HARMLESS)


def message_lines(text: str) -> list[str]:
    """Split a SIP message into its lines."""
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    return [plain(line) for line in lines]


def stamp(at: Instant) -> str:
    """Format a time as `2020-03-30 13:03:18,747`."""
    moment = to_datetime(at)
    return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"


@dataclass(frozen=True, slots=True)
class Ends:
    """Both addresses of a flow, as its own end calls them; empty if nothing is known."""

    local_ip: str = ""
    local_port: str = ""
    remote_ip: str = ""
    remote_port: str = ""
    listener: str | None = None
    transport: str = ""


def ends_of(connections: Connections, flow: FlowId | None) -> Ends:
    """Find a flow's addresses; the remote one as the other end reports it, because this end may only know a
    name.
    """
    connection = connections.of(flow)
    if connection is None or flow is None:
        return Ends()
    own, other = connection.end_of(flow).opened, connection.other(flow)
    local, remote = own.local, other.opened.local if other is not None else own.remote
    return Ends(*_split(local), *_split(remote), listener=own.listener, transport=own.transport)


def own_ends(opened: FlowOpened) -> Ends:
    """Find both addresses as the end that opened the flow reports them: what a server knows."""
    return Ends(
        *_split(opened.local), *_split(opened.remote), listener=opened.listener, transport=opened.transport
    )


def _split(address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), port
