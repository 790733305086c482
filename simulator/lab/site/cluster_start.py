"""Starts the cluster of a lab: nodes with their certificates, tables, and the database that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from certs.stores import NodeStores
from registrar.aio.database_file import open_database
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.directory import Device, Line, SecurityMode, SecurityProfile, TransportType, User
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts
from registrar.core.database import ClusterDatabase, Projection
from registrar.core.database.certificates import renew_trust
from registrar.core.database.seed import record_ports
from simulator.core.entropy import Entropy
from simulator.core.tls.settings import Credential
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import STANDARD_PROFILES, PhoneConfig, ProfileConfig
from simulator.lab.site.context import LabContext
from simulator.lab.site.key_file import KeyFile
from simulator.lab.site.names import host_of, uds_host
from simulator.lab.site.pki import EXPRESSWAY_CA, TOMCAT_CA
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
    """Build the cluster that the lab file describes, or open the one that the file `state` keeps.

    `any_port`: nodes whose ports are only numbers of this run, whatever the state file says. Raises PortError
    and ProfileError for what UCM's administration would refuse, DatabaseFileError for a state file of another
    cluster, and KeyFileError for the keys beside it.
    """
    config = context.config
    cluster = _cluster(context)
    lscs = _issue_lscs(context, cluster)
    known = (phone for phone in config.phones if phone.known)
    cluster.directory.put_devices(
        _device(context, number, phone, lscs.get(phone.device)) for number, phone in enumerate(known, start=1)
    )
    authorities = [context.pki.authority(name).certificate for name in _authorities(context)]
    database = ClusterDatabase(
        open_database(state),
        entropy=entropy.child("database"),
        export_controlled=config.cluster.export_controlled,
    )
    is_old = not database.is_new
    key_file = None if state is None else KeyFile(state)
    if key_file is not None:
        found = key_file.load(cluster.keys.cluster_id) if is_old else None
        cluster.keys = found or cluster.keys
        key_file.save(cluster.keys)
    made = _certificates(cluster, authorities)
    md5s = {device.name: device.lsc_md5 for device in cluster.directory.devices if device.lsc_md5}
    Projection.connect(database, cluster)
    if is_old:
        renew_trust(database, made)
        with database.write(seeding=True) as connection:
            connection.executemany(
                "update device set lscmd5 = ?2 where name = ?1 and lscmd5 <> ''", list(md5s.items())
            )
    for item in config.nodes:
        if item.name in any_port:
            record_ports(database, cluster.node(item.name).host, node_ports(item.ports))
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


def _cluster(context: LabContext) -> Cluster:
    config = context.config
    cluster_id = str(context.entropy.child("cluster").uuid())
    cluster = Cluster(cluster_id, context.pki.token_keys(cluster_id, label=f"authz/{config.name}"))
    for node in _nodes(context):
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
    return cluster


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


def _issue_lscs(context: LabContext, cluster: Cluster) -> dict[str, Credential]:
    lscs: dict[str, Credential] = {}
    profiles = {profile.name: profile for profile in cluster.directory.profiles}
    capf = cluster.nodes[0].stores.lsc_issuer
    for phone in context.config.phones:
        profile = profiles[phone.profile]
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


def _authorities(context: LabContext) -> set[str]:
    """Those that sign for the Expressways, and those made so far."""
    expressways = context.config.expressways
    certificates = [item.certificate for item in expressways]
    certificates += [item.edge.certificate for item in expressways if item.edge]
    signers = {certificate.issuer or EXPRESSWAY_CA for certificate in certificates}
    return (signers - {"self"}) | set(context.pki.authorities)


def _certificates(cluster: Cluster, authorities: Iterable[bytes]) -> list[bytes]:
    """Everything this lab made that a trust store may hold."""
    stores = [node.stores for node in cluster.nodes]
    own = [(one.tomcat.certificate, one.callmanager.certificate, one.lsc_issuer.certificate) for one in stores]
    trusted = [(*one.tomcat_trust, *one.callmanager_trust) for one in stores]
    # An authority comes last: a node's own certificate may carry the same name, but only one of them signs.
    return [pem for pems in (*own, *trusted, tuple(authorities)) for pem in pems]
