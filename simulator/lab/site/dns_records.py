"""What the name servers of a lab say: inside where its nodes are, outside only where its Expressways are.

A client learns from nothing else on which side it is (device-config 4.1).
"""

from __future__ import annotations

from simulator.lab.site.addresses import Addresses
from simulator.lab.site.builder import host_of, uds_host
from simulator.lab.site.name_server import Records, SrvRecord

INSIDE = "dns"
OUTSIDE = "dns-outside"
"""Names of the name servers' actors."""


def outside(site: Addresses) -> Records:
    """Of the public name server: the Expressways, at the ports of this moment."""
    domain, services, hosts = site.config.domain, [], {}
    for item in site.config.expressways:
        host, port = host_of(item.front), site.port_bound(item.front.name, "https")
        if address := site.places.resolve(host):
            hosts[host.lower()] = address
            services.append(SrvRecord(name=f"_collab-edge._tls.{domain}", host=host, port=port or 8443))
    return Records(zones=(domain,), services=tuple(services), hosts=hosts)


def inside(site: Addresses) -> Records:
    """Of the company's own: the nodes' UDS too."""
    domain, there = site.config.domain, outside(site)
    services, hosts = list[SrvRecord](), dict[str, str]()
    inner = f"cisco-internal.{domain}" if site.config.srv == "cisco-internal" else domain
    for config in site.config.nodes:
        host = uds_host(config, site.config)
        port = config.ports.https or site.port_bound(config.name, "https")
        hosts[host.lower()] = site.places.address(config.name)
        services.append(SrvRecord(name=f"_cisco-uds._tcp.{inner}", host=host, port=port or 8443))
    return Records(zones=there.zones, services=(*services, *there.services), hosts={**hosts, **there.hosts})
