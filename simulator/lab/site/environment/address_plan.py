"""Where the lab's actors live: an address and a host name for each."""

from __future__ import annotations

from typing import Literal

Addressing = Literal["documentation", "loopback"]
"""documentation: addresses of RFC 5737 and 10/8, one for each actor; loopback: all share one address."""


class AddressPlan:
    """Assigns addresses in the order in which actors are added, and resolves the lab's host names."""

    def __init__(self, addressing: Addressing, host: str) -> None:
        """`host`: everybody's address with addressing "loopback"."""
        self._shared = host if addressing == "loopback" else None
        self._addresses: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def assign(self, name: str, host: str, block: Literal["node", "expressway", "phone"]) -> str:
        """Give the actor `name` an address, to which `host` then resolves; return the address."""
        number = len(self._addresses) + 1
        documentation = {
            "node": f"192.0.2.{number}",
            "expressway": f"198.51.100.{number}",
            "phone": f"10.0.{number // 250}.{number % 250 + 1}",
        }
        address = self._shared or documentation[block]
        self._addresses[name] = address
        self._hosts[host.lower()] = address
        self._names[name] = (host.lower(),)
        self._hosts[address] = address
        return address

    def alias(self, name: str, host: str) -> None:
        """Let one more host name resolve to the address of the actor `name`."""
        self._hosts.setdefault(host.lower(), self._addresses[name])

    def address(self, name: str) -> str:
        """Return the address of an actor. KeyError for one that has none."""
        return self._addresses[name]

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """Return the host names that are this actor's; a shared address is nobody's own."""
        return self._names[name]

    def resolve(self, host: str) -> str | None:
        """Return the address of a lab host name, or of an address itself; None: no host of the lab has it."""
        return self._hosts.get(host.rstrip(".").lower())
