"""Maps the documented ports of a lab to those that are really bound, and takes the same ones again."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace

from simulator.core.actor.flow import Address
from simulator.core.network.endpoint import Endpoint

_ATTEMPTS = 8


class BoundPorts:
    """The ports of one lab. It outlives restarts and resets, so that clients find the same numbers again."""

    def __init__(self, host: str, *, virtual: bool) -> None:
        """`virtual`: every endpoint gets a free port, and documented addresses are mapped to them."""
        self._host, self._virtual = host, virtual
        self._kept: dict[tuple[str, str], int] = {}
        self._bound: dict[Address, Address] = {}
        """Documented address -> the one that is bound."""
        self._documented: dict[Address, int] = {}
        """Bound address -> the documented port."""

    def wanted(self, endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
        """Return the endpoints with the ports to bind.

        Where any port will do: the one it had before, or a free one. UDP and TCP of one documented port (SIP,
        DNS) share theirs. OSError if no port is free for both.
        """
        datagrams = {endpoint.listen.address for endpoint in endpoints if endpoint.listen.transport == "udp"}
        shared = {address: _free_port(self._host) for address in datagrams if self._virtual or not address.port}
        out = []
        for endpoint in endpoints:
            listen = endpoint.listen
            port = listen.address.port
            if self._virtual or not port:
                port = self._kept.get(endpoint.key) or shared.get(listen.address, 0)
            bound = replace(listen, address=Address(listen.address.host, port))
            out.append(replace(endpoint, listen=bound))
        return tuple(out)

    def keep(self, endpoints: Iterable[Endpoint], bound: Iterable[Address]) -> None:
        """Take these ports again when the endpoints are opened the next time."""
        self._kept.update(
            {endpoint.key: address.port for endpoint, address in zip(endpoints, bound, strict=True)}
        )

    def forget(self, endpoints: Iterable[Endpoint]) -> None:
        """Keep the ports of these endpoints no longer: another process has taken one."""
        for endpoint in endpoints:
            self._kept.pop(endpoint.key, None)

    def map(self, hosts: Iterable[str], port: int, bound: Address) -> None:
        """Note that what is dialled by one of these names at the documented port is bound there."""
        for host in hosts:
            documented = Address(host, port)
            if (before := self._bound.get(documented)) is not None:
                self._documented.pop(before, None)
            self._bound[documented] = bound
        self._documented[bound] = port

    def unmap_all(self) -> None:
        """Forget what is bound: everything has been closed."""
        self._bound.clear()
        self._documented.clear()

    def behind(self, dialled: Address) -> Address:
        """Return where a dialled address is bound. ConnectionRefusedError if nobody listens there."""
        bound = self._bound.get(Address(dialled.host.lower(), dialled.port))
        if bound is None:
            raise ConnectionRefusedError(None, "connection refused")
        return bound

    def documented(self, address: Address) -> Address:
        """Return the documented port in place of the one that is really bound."""
        port = self._documented.get(address)
        return address if port is None else Address(address.host, port)


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
