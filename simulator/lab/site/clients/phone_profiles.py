"""What the phones of a lab start with: addresses, certificates and misbehaviours, as the lab file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registrar.core.cluster.cluster import Cluster
from simulator.core.actor.flow import Address
from simulator.core.tls.settings import Credential
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.site.environment.addresses import Addresses
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.names import host_of
from simulator.lab.site.environment.pki import EXPRESSWAY_CA, TOMCAT_CA
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, EdgeServer, PhoneProfile, PortOverride


def phone_profile(
    context: LabContext,
    phone: PhoneConfig,
    *,
    cluster: Cluster,
    addresses: Addresses,
    lscs: Mapping[str, Credential],
) -> PhoneProfile:
    """Return what the phone starts with; every port must be known. ValueError for a device name or a behaviour
    that cannot be.
    """
    device = phone.as_device or phone.device
    remote = phone.deployment == "mra"
    authorities = phone.trust if phone.trust is not None else [EXPRESSWAY_CA if remote else TOMCAT_CA]
    trust = context.pki.bundle(authorities)
    if phone.trust is None and not remote and phone.device in lscs:
        trust = (*trust, *(node.stores.callmanager.certificate for node in cluster.nodes))
    override = None
    if phone.wrong_port is not None:
        override = PortOverride(element=phone.wrong_port.element, port=phone.wrong_port.port)
    profile = PhoneProfile(
        device=device,
        user=phone.user,
        config_urls=tuple(
            f"http://{node.host}:{addresses.ports_of(node.name).config}/{device}.cnf.xml"
            for node in cluster.nodes
        ),
        deployment=Deployment(phone.deployment),
        edges=_edges(context, phone, addresses) if remote else (),
        trust=trust,
        tls_minimum=phone.tls or "1.2",
        tls_maximum=phone.tls or "1.3",
        crls=context.pki.revocation_lists(authorities) if phone.check_revocation else (),
        credential=lscs.get(phone.device),
        mac=phone.instance or context.entropy.child(f"mac/{phone.device}").hex(6),
        requested_expires=phone.expires,
        takeover=phone.take_over,
        behaviours=frozenset(Behaviour(name) for name in phone.behaviours),
        port_override=override,
    )
    if phone.secure_config:
        servers = (f"https://{node.host}:{addresses.config_tls(node.name)}" for node in cluster.nodes)
        profile = replace(profile, config_urls=tuple(f"{url}/{device}.cnf.xml" for url in servers))
    return profile


def _edges(context: LabContext, phone: PhoneConfig, addresses: Addresses) -> tuple[EdgeServer, ...]:
    """Of a phone that does not sign in: the Expressway it names, or all of them in order."""
    named = (item for item in context.config.expressways if phone.expressway in (None, item.name))
    return tuple(
        EdgeServer(address=Address(host_of(item.front), item.front.port or (bound.port if bound else 0)))
        for item in named
        for bound in (addresses.edge_of(item.name),)
    )
