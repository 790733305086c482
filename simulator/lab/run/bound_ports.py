"""Which port is really bound where an actor dials or shows a documented one, and which are taken again."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import replace

from simulator.core.actor.flow import Address, Listen

_ATTEMPTS = 8


class BoundPorts:
    """Of one lab. What is `kept` outlives restarts and resets, so that it stays what clients know."""

    def __init__(self, host: str, *, virtual: bool) -> None:
        """`virtual`: every listener gets a free port, and documented addresses are mapped to them."""
        self._host, self._virtual = host, virtual
        self._kept: dict[tuple[str, str], int] = {}
        self._doors: dict[Address, Address] = {}

    def wanted(self, name: str, listens: Iterable[Listen]) -> tuple[Listen, ...]:
        """The listeners with the ports to bind. Where any port will do: the one of before, or a free one; UDP
        and TCP of 5060 share theirs."""
        listens = tuple(listens)
        shared = _free_port(self._host) if any(listen.transport == "udp" for listen in listens) else 0
        out = []
        for listen in listens:
            port = listen.address.port
            if self._virtual or not port:
                port = self.kept(name, listen.name) or (
                    shared if listen.name.startswith(("sip-", "dns-")) else 0
                )
            out.append(replace(listen, address=Address(listen.address.host, port)))
        return tuple(out)

    def kept(self, name: str, listener: str) -> int:
        """The listener's port of before; 0 if there is none."""
        return self._kept.get((name, listener), 0)

    def keep(self, name: str, bound: Mapping[str, Address]) -> None:
        self._kept.update({(name, listener): address.port for listener, address in bound.items()})

    def forget(self, name: str) -> None:
        self._kept = {held: port for held, port in self._kept.items() if held[0] != name}

    def map(self, hosts: Iterable[str], port: int, bound: Address) -> None:
        """What is dialled by one of these names at the documented port is bound there."""
        for host in hosts:
            self._doors[Address(host, port)] = bound

    def unmap_all(self) -> None:
        self._doors.clear()

    def behind(self, dialled: Address) -> Address:
        """Raises ConnectionRefusedError if nobody listens there."""
        door = self._doors.get(Address(dialled.host.lower(), dialled.port))
        if door is None:
            raise ConnectionRefusedError(None, "connection refused")
        return door

    def shown(self, address: Address) -> Address:
        """The documented port in place of the one that is really bound."""
        for door, bound in self._doors.items():
            if bound == address:
                return Address(address.host, door.port)
        return address


def _free_port(host: str) -> int:
    """A port that is free for UDP and TCP at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(_ATTEMPTS):
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port is free for both UDP and TCP on {host}")
