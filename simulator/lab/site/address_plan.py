"""Where the lab's actors live: an address and a host name for each."""

from __future__ import annotations

from typing import Literal

Addressing = Literal["documentation", "loopback"]
"""documentation: addresses of RFC 5737 and 10/8, one for each actor; loopback: all share one address."""


class AddressPlan:
    def __init__(self, addressing: Addressing, host: str) -> None:
        """`host`: everybody's address with addressing "loopback"."""
        self._shared = host if addressing == "loopback" else None
        self._addresses: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def assign(self, name: str, host: str, block: Literal["node", "expressway", "phone"]) -> str:
        """Give the actor `name` an address; `host` resolves to it from now on."""
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

    def address(self, name: str) -> str:
        return self._addresses[name]

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """The host names that are this actor's; a shared address is nobody's own."""
        return self._names[name]

    def resolve(self, host: str) -> str | None:
        """The address of a lab host name, or of itself; None if no host of the lab has that name."""
        return self._hosts.get(host.rstrip(".").lower())
