"""The name servers of a lab: one that clients inside ask, one for those outside."""

from __future__ import annotations

from functools import partial

from simulator.core.actor.flow import Address
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.site.environment import dns_records
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.name_server import NameServer

INSIDE = "dns"
OUTSIDE = "dns-outside"
"""Names of the name servers' actors."""


class NameServers:
    """The lab's name servers, by name: `dns` and `dns-outside`."""

    def __init__(self, context: LabContext, addresses: Addresses) -> None:
        config, own_hosts = context.config, not context.loopback or context.virtual
        self._domain, self._addresses = config.domain, addresses
        self._ports = {INSIDE: config.dns, OUTSIDE: config.dns_outside}
        if own_hosts:
            self._ports = dict.fromkeys(self._ports, 53)
        self.asked = _asked(config)
        """Those that phones of the lab ask."""
        records = {INSIDE: dns_records.inside, OUTSIDE: dns_records.outside}
        self.actors: dict[str, NameServer] = {}
        for name in name_server_names(context):
            address = Address(context.plan.assign(name, f"{name}.{config.domain}", "node"), self._ports[name])
            answers = partial(records[name], config, addresses)
            self.actors[name] = NameServer(address, answers, journal=context.journal(name))

    def address_for(self, phone: PhoneConfig) -> Address:
        """Return where this phone's name server is."""
        name = name_server_of(phone)
        port = self._addresses.port_bound(name, "dns-udp") or self._ports[name]
        return Address(f"{name}.{self._domain}", port)


def name_server_names(context: LabContext) -> tuple[str, ...]:
    """Return the names of the lab's name servers: both on sockets, else those that its phones ask."""
    asked = _asked(context.config)
    return tuple(name for name in (INSIDE, OUTSIDE) if context.loopback or name in asked)


def _asked(config: LabConfig) -> frozenset[str]:
    return frozenset(name_server_of(phone) for phone in config.phones if phone.sign_in)


def name_server_of(phone: PhoneConfig) -> str:
    """Return the name of the name server that the phone's network offers."""
    return OUTSIDE if phone.deployment == "mra" else INSIDE
