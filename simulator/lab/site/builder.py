"""Builds what a LabConfig describes: the cluster with its certificates and tables, and the phones' profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

from certs.stores import NodeStores
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from simulator.core.actor.flow import Address
from simulator.core.entropy import Entropy
from simulator.core.tls.settings import Credential
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expressways import EdgeConfig, ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig, PortsConfig
from simulator.lab.config.phones import STANDARD_PROFILES, PhoneConfig, ProfileConfig
from simulator.lab.site.address_plan import AddressPlan
from simulator.lab.site.pki import EXPRESSWAY_CA, TOMCAT_CA, Pki
from softphone.core.device_file.ports import certificate_md5
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import Deployment, EdgeServer, PhoneProfile, PortOverride

LscMap = dict[str, Credential]
"""Device name -> the LSC installed on the phone."""


class Builder:
    """Order matters: `cluster`, then `lscs`, then profiles; each needs what the one before has made."""

    def __init__(self, config: LabConfig, *, pki: Pki, places: AddressPlan, entropy: Entropy) -> None:
        self._config, self._pki, self._places, self._entropy = config, pki, places, entropy
        self.lscs: LscMap = {}

    # --- the cluster ------------------------------------------------------------------------------------------

    def cluster(self) -> Cluster:
        """Raises PortError and ProfileError for what UCM's administration would refuse."""
        config = self._config
        cluster_id = str(self._entropy.child("cluster").uuid())
        cluster = Cluster(cluster_id, self._pki.token_keys(cluster_id, label=f"authz/{config.name}"))
        for node in self._nodes():
            cluster.add_node(node)
        cluster.sip_oauth_mode = config.cluster.oauth_mode
        directory = cluster.directory
        for profile in (*STANDARD_PROFILES.values(), *config.profiles):
            directory.put_profile(security_profile(profile))
        for user_id in dict.fromkeys(phone.user for phone in config.phones):
            directory.put_user(User(id=user_id))
        for user in config.users:
            directory.put_user(User(id=user.id, active=user.active))
        for item in config.expressways:
            names = [host_of(item)] if item.table is None else item.table
            if names:
                directory.put_expressway(ExpresswayRow(host=item.name, x509_name=",".join(names)))
        self._issue_lscs(cluster)
        known = (phone for phone in config.phones if phone.known)
        directory.put_devices(self._device(number, phone) for number, phone in enumerate(known, start=1))
        return cluster

    def _nodes(self) -> list[ClusterNode]:
        nodes: list[ClusterNode] = []
        capf = None
        for config in self._config.nodes:
            host = host_of(config)
            self._places.assign(config.name, host, "node")
            tomcat = self._pki.issue(
                config.tomcat,
                holder=f"{config.name}/tomcat",
                host=host,
                addresses=self.certificate_addresses(config.name),
                default_ca=TOMCAT_CA,
            )
            stores = self._pki.node_stores(config.name, host, tomcat=tomcat, lsc_issuer=capf)
            # One CAPF, on the publisher; every node trusts the LSCs it signs.
            capf = stores.lsc_issuer
            stores = replace(stores, tomcat_trust=self._pki.bundle(config.tomcat_trust))
            nodes.append(self._node(config, host, stores))
        return nodes

    def _node(self, config: NodeConfig, host: str, stores: NodeStores) -> ClusterNode:
        return ClusterNode(
            name=config.name,
            host=host,
            stores=stores,
            description=config.description,
            ports=node_ports(config.ports),
            tls_minimum=self._config.tls,
            tls_maximum=self._config.tls,
        )

    def certificate_addresses(self, name: str) -> tuple[str, ...]:
        """Addresses a certificate of this actor is also good for, and the name DNS gives it if it has none."""
        address = self._places.address(name)
        return (address, *(uds_host(node, self._config) for node in self._config.nodes if node.name == name))

    # --- phones -----------------------------------------------------------------------------------------------

    def _issue_lscs(self, cluster: Cluster) -> None:
        profiles = {profile.name: profile for profile in cluster.directory.profiles}
        capf = cluster.nodes[0].stores.lsc_issuer
        for phone in self._config.phones:
            profile = profiles[phone.profile]
            if phone.certificate is None and (profile.mode is SecurityMode.NON_SECURE or profile.oauth):
                continue
            issued = self._pki.issue(
                phone.certificate or CertificateConfig(),
                holder=f"{phone.device}/LSC",
                host=phone.device,
                addresses=(),
                default_ca=capf,
            )
            self.lscs[phone.device] = issued.credential

    def _device(self, number: int, phone: PhoneConfig) -> Device:
        identity = self._entropy.child(f"device/{phone.device}")
        lsc = self.lscs.get(phone.device)
        return Device(
            name=phone.device,
            pkid=identity.uuid(),
            profile=phone.profile,
            lines=(Line(dn=phone.dn, contact=identity.uuid(), display=phone.user),),
            description=f"Jabber of {phone.user}",
            owner=phone.user,
            ctiid=100 + number,
            lsc_md5=certificate_md5(lsc) if lsc else "",
        )

    def profile(
        self,
        phone: PhoneConfig,
        cluster: Cluster,
        config_port: Callable[[str], int],
        edge_of: Callable[[str], Address | None],
    ) -> PhoneProfile:
        """What the phone starts with. `config_port`: node name -> port of its configuration service; `edge_of`:
        Expressway name -> where it was bound, if the driver has bound it to a port of its own choice.

        Raises ValueError for a device name or a behaviour that cannot be.
        """
        device = phone.as_device or phone.device
        remote = phone.deployment == "mra"
        authorities = phone.trust if phone.trust is not None else [EXPRESSWAY_CA if remote else TOMCAT_CA]
        trust = self._pki.bundle(authorities)
        if phone.trust is None and not remote and phone.device in self.lscs:
            trust = (*trust, *(node.stores.callmanager.certificate for node in cluster.nodes))
        override = None
        if phone.wrong_port is not None:
            override = PortOverride(element=phone.wrong_port.element, port=phone.wrong_port.port)
        return PhoneProfile(
            device=device,
            user=phone.user,
            config_urls=tuple(
                f"http://{node.host}:{config_port(node.name)}/{device}.cnf.xml" for node in cluster.nodes
            ),
            deployment=Deployment(phone.deployment),
            edges=self._edges(phone, edge_of) if remote else (),
            trust=trust,
            tls_minimum=phone.tls or "1.2",
            tls_maximum=phone.tls or "1.3",
            crls=self._pki.revocation_lists(authorities) if phone.check_revocation else (),
            credential=self.lscs.get(phone.device),
            mac=phone.instance or self._entropy.child(f"mac/{phone.device}").hex(6),
            requested_expires=phone.expires,
            takeover=phone.take_over,
            behaviours=frozenset(Behaviour(name) for name in phone.behaviours),
            port_override=override,
        )

    def _edges(self, phone: PhoneConfig, edge_of: Callable[[str], Address | None]) -> tuple[EdgeServer, ...]:
        """Of a phone that does not sign in: the Expressway it names, or all of them in order."""
        named = (item for item in self._config.expressways if phone.expressway in (None, item.name))
        return tuple(
            EdgeServer(address=Address(host_of(item.front), item.front.port or (bound.port if bound else 0)))
            for item in named
            for bound in (edge_of(item.name),)
        )


def node_ports(ports: PortsConfig) -> NodePorts:
    """Raises PortError for what UCM's administration would refuse."""
    return NodePorts(sip=ports.sip, sips=ports.sips, oauth=ports.oauth, mra=ports.mra, config=ports.config)


def host_of(config: NodeConfig | ExpresswayConfig | EdgeConfig) -> str:
    return config.host or f"{config.name}.lab.example"


def uds_host(node: NodeConfig, lab: LabConfig) -> str:
    """The node's name in DNS: its host, or one of its own where that is an address."""
    host = host_of(node)
    try:
        ip_address(host)
    except ValueError:
        return host
    return f"{node.name}.{lab.domain}"


def security_profile(config: ProfileConfig) -> SecurityProfile:
    return SecurityProfile(
        name=config.name,
        mode=SecurityMode[config.mode.replace("-", "_").upper()],
        transport=TransportType[config.transport.replace("+", "_").upper()],
        oauth=config.oauth,
    )
