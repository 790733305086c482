"""Starts the cluster of a lab: nodes with their certificates, tables, and the database that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certs.authority import Authority
from certs.stores import NodeStores
from registrar.aio.database_file import open_database
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from registrar.core.database import ClusterDatabase, read_cluster
from registrar.core.database.restart import renew_certificates
from registrar.core.database.seed import InitialCluster, record_ports, seed
from simulator.core.entropy import Entropy
from simulator.core.tls.settings import Credential
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import STANDARD_PROFILES, PhoneConfig, ProfileConfig
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.names import host_of, uds_host
from simulator.lab.site.environment.pki import EXPRESSWAY_CA, TOMCAT_CA
from simulator.lab.site.ucm.key_file import KeyFile
from softphone.core.device_file.ports import certificate_md5


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCluster:
    """A cluster, the database it follows, and what no table holds."""

    database: ClusterDatabase
    cluster: Cluster
    lscs: dict[str, Credential]
    """Device name -> the LSC installed on the phone, with its private key."""
    key_file: KeyFile | None
    """Where the token keys are kept beside a state file."""


def start_cluster(
    context: LabContext, *, entropy: Entropy, state: Path | None, any_port: frozenset[str]
) -> StartedCluster:
    """Write the first rows of the cluster that the lab file describes, or open those that the file `state`
    keeps; then read the cluster from them.

    `any_port`: nodes whose ports are only numbers of this run, whatever the state file says. Raises PortError
    and ProfileError for what UCM's administration would refuse, DatabaseFileError for a state file of another
    cluster, and KeyFileError for the keys beside it.
    """
    config, pki = context.config, context.pki
    cluster_id = str(context.entropy.child("cluster").uuid())
    nodes = _nodes(context)
    initial, lscs = _initial(context, nodes)
    database = ClusterDatabase(
        open_database(state),
        entropy=entropy.child("database"),
        export_controlled=config.cluster.export_controlled,
    )
    keys = pki.token_keys(cluster_id, label=f"authz/{config.name}")
    key_file = None if state is None else KeyFile(state)
    if key_file is not None:
        kept = None if database.is_new else key_file.load(cluster_id)
        keys = kept or keys
        key_file.save(keys)
    if database.is_new:
        seed(database, initial)
    else:
        md5s = {device.name: device.lsc_md5 for device in initial.devices if device.lsc_md5}
        renew_certificates(database, installed=nodes, made=_certificates(context, nodes), lsc_md5s=md5s)
    for item in config.nodes:
        if item.name in any_port:
            record_ports(database, host_of(item), node_ports(item.ports))
    cluster = read_cluster(database, cluster_id=cluster_id, keys=keys, installed=nodes)
    return StartedCluster(database=database, cluster=cluster, lscs=lscs, key_file=key_file)


def certificate_addresses(context: LabContext, name: str) -> tuple[str, ...]:
    """Return the addresses a certificate of this actor is also good for, and its name in DNS."""
    names = (uds_host(node, context.config) for node in context.config.nodes if node.name == name)
    return (context.plan.address(name), *names)


def node_ports(ports: PortsConfig) -> NodePorts:
    """Return the ports as UCM's administration has them. Raises PortError for what it would refuse."""
    return NodePorts(sip=ports.sip, sips=ports.sips, oauth=ports.oauth, mra=ports.mra, config=ports.config)


def security_profile(config: ProfileConfig) -> SecurityProfile:
    """Return the phone security profile. Raises ProfileError for what UCM's administration would refuse."""
    return SecurityProfile(
        name=config.name,
        mode=SecurityMode[config.mode.replace("-", "_").upper()],
        transport=TransportType[config.transport.replace("+", "_").upper()],
        oauth=config.oauth,
    )


# --- what a lab file says -----------------------------------------------------------------------------------


def _initial(context: LabContext, nodes: Sequence[ClusterNode]) -> tuple[InitialCluster, dict[str, Credential]]:
    """The first rows of the database, and the LSCs on the phones."""
    config = context.config
    profiles = tuple(security_profile(profile) for profile in (*STANDARD_PROFILES.values(), *config.profiles))
    lscs = _issue_lscs(context, profiles, nodes[0].stores.lsc_issuer)
    known = (phone for phone in config.phones if phone.known)
    rows = ((item, [host_of(item)] if item.table is None else item.table) for item in config.expressways)
    return InitialCluster(
        nodes=tuple(nodes),
        sip_oauth_mode=config.cluster.oauth_mode,
        profiles=profiles,
        users=(
            *(User(id=user) for user in dict.fromkeys(phone.user for phone in config.phones)),
            *(User(id=user.id, active=user.active) for user in config.users),
        ),
        devices=tuple(
            _device(context, number, phone, lscs.get(phone.device))
            for number, phone in enumerate(known, start=1)
        ),
        expressways=tuple(
            ExpresswayRow(host=item.name, x509_name=",".join(names)) for item, names in rows if names
        ),
    ), lscs


def _nodes(context: LabContext) -> list[ClusterNode]:
    nodes: list[ClusterNode] = []
    capf = None
    for config in context.config.nodes:
        host = host_of(config)
        context.plan.assign(config.name, host, "node")
        context.plan.alias(config.name, uds_host(config, context.config))
        tomcat = context.pki.issue(
            config.tomcat,
            holder=f"{config.name}/tomcat",
            host=host,
            addresses=certificate_addresses(context, config.name),
            default_ca=TOMCAT_CA,
        )
        stores: NodeStores = context.pki.node_stores(config.name, host, tomcat=tomcat, lsc_issuer=capf)
        # One CAPF, on the publisher; every node trusts the LSCs it signs.
        capf = stores.lsc_issuer
        nodes.append(
            ClusterNode(
                name=config.name,
                host=host,
                stores=replace(stores, tomcat_trust=context.pki.bundle(config.tomcat_trust)),
                description=config.description,
                ports=node_ports(config.ports),
                tls_minimum=context.config.tls,
                tls_maximum=context.config.tls,
            )
        )
    return nodes


def _issue_lscs(
    context: LabContext, profiles: Iterable[SecurityProfile], capf: Authority
) -> dict[str, Credential]:
    lscs: dict[str, Credential] = {}
    named = {profile.name: profile for profile in profiles}
    for phone in context.config.phones:
        profile = named[phone.profile]
        if phone.certificate is None and (profile.mode is SecurityMode.NON_SECURE or profile.oauth):
            continue
        issued = context.pki.issue(
            phone.certificate or CertificateConfig(),
            holder=f"{phone.device}/LSC",
            host=phone.device,
            addresses=(),
            default_ca=capf,
        )
        lscs[phone.device] = issued.credential
    return lscs


def _device(context: LabContext, number: int, phone: PhoneConfig, lsc: Credential | None) -> Device:
    identity = context.entropy.child(f"device/{phone.device}")
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


def _certificates(context: LabContext, nodes: Sequence[ClusterNode]) -> list[bytes]:
    """Everything this lab made that a trust store may hold, PEM."""
    expressways = context.config.expressways
    certificates = [item.certificate for item in expressways]
    certificates += [item.edge.certificate for item in expressways if item.edge]
    signers = {certificate.issuer or EXPRESSWAY_CA for certificate in certificates} - {"self"}
    authorities = context.pki.bundle(sorted(signers | set(context.pki.authorities)))
    stores = [node.stores for node in nodes]
    own = [(one.tomcat.certificate, one.callmanager.certificate, one.lsc_issuer.certificate) for one in stores]
    trusted = [(*one.tomcat_trust, *one.callmanager_trust) for one in stores]
    # An authority comes last: a node's own certificate may carry the same name, but only one of them signs.
    return [pem for pems in (*own, *trusted, authorities) for pem in pems]
