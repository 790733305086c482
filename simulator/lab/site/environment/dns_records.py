"""What the name servers of a lab say: inside where its nodes are, outside only where its Expressways are.

A client learns from nothing else on which side it is (device-config 4.1).
"""

from __future__ import annotations

from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.name_server import Records, SrvRecord
from simulator.lab.site.environment.names import host_of, uds_host


def outside(config: LabConfig, addresses: Addresses) -> Records:
    """Return the records of the public name server: the Expressways, at the ports of this moment."""
    services, hosts = list[SrvRecord](), dict[str, str]()
    for item in config.expressways:
        host, port = host_of(item.front), addresses.port_bound(item.front.name, "https")
        if address := addresses.resolve(host):
            hosts[host.lower()] = address
            services.append(SrvRecord(name=f"_collab-edge._tls.{config.domain}", host=host, port=port or 8443))
    return Records(zones=(config.domain,), services=tuple(services), hosts=hosts)


def inside(config: LabConfig, addresses: Addresses) -> Records:
    """Return the records of the company's own name server: the public ones, and the UDS of each node."""
    public = outside(config, addresses)
    services, hosts = list[SrvRecord](), dict[str, str]()
    inner = f"cisco-internal.{config.domain}" if config.srv == "cisco-internal" else config.domain
    for node in config.nodes:
        host, port = uds_host(node, config), addresses.https_of(node.name)
        hosts[host.lower()] = addresses.of(node.name)
        services.append(SrvRecord(name=f"_cisco-uds._tcp.{inner}", host=host, port=port or 8443))
    return Records(zones=public.zones, services=(*services, *public.services), hosts={**hosts, **public.hosts})
