"""What an administrator may configure, and the texts that say why not."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest

from certs.stores import NodeStores
from registrar.core.cluster.cluster import Cluster, ClusterError, ClusterNode
from registrar.core.cluster.directory import (
    Device,
    Directory,
    DirectoryError,
    Line,
    ProfileError,
    SecurityMode,
    SecurityProfile,
    TransportType,
    User,
)
from registrar.core.cluster.expressway_table import ExpresswayRow
from registrar.core.cluster.ports import NodePorts, PortError
from registrar.core.register.policy import RegistrarPolicy
from simulator.core.tls.identity import PeerIdentity

OAUTH = {"mode": SecurityMode.ENCRYPTED, "transport": TransportType.TLS, "oauth": True}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (OAUTH | {"mode": SecurityMode.AUTHENTICATED}, "OAuth authentication needs mode ENCRYPTED"),
        (OAUTH | {"mode": SecurityMode.NON_SECURE}, "mode NON_SECURE does not go with transport TLS"),
        (OAUTH | {"transport": TransportType.TCP}, "mode ENCRYPTED does not go with transport TCP"),
        ({"oauth": True}, "OAuth authentication needs mode ENCRYPTED"),
        (OAUTH | {"digest": True}, "OAuth and digest authentication exclude each other"),
        (OAUTH | {"tftp_encrypted": True}, "OAuth and TFTP encrypted config exclude each other"),
        ({"mode": SecurityMode.AUTHENTICATED}, "mode AUTHENTICATED does not go with transport TCP_UDP"),
    ],
)
def test_profiles_the_product_refuses(settings, text):
    with pytest.raises(ProfileError, match=f"profile P: {text}"):
        SecurityProfile(name="P", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        OAUTH,
        {},
        {"digest": True},
        {"mode": SecurityMode.AUTHENTICATED, "transport": TransportType.TLS, "tftp_encrypted": True},
    ],
)
def test_profiles_the_product_takes(settings):
    assert SecurityProfile(name="P", **settings).name == "P"


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ({"oauth": 1023}, "oauth port 1023 is outside 1024-49151"),
        ({"mra": 49152}, "mra port 49152 is outside 1024-49151"),
        ({"oauth": 5061}, "oauth port 5061 is already the node's sips port"),
        ({"mra": 5090}, "mra port 5090 is already the node's oauth port"),
        ({"config": 5060}, "config port 5060 is already the node's sip port"),
        ({"sip": 65536}, "sip port 65536 is not a port number"),
        ({"sip": -1}, "sip port -1 is not a port number"),
        ({"sips": True}, "sips port True is not a port number"),
        ({"sips": "5061"}, "sips port '5061' is not a port number"),
    ],
)
def test_ports_the_product_refuses(ports, text):
    with pytest.raises(PortError, match=re.escape(text)):
        NodePorts(**ports)


@pytest.mark.parametrize(
    "ports", [{}, {"oauth": 1024, "mra": 49151}, dict.fromkeys(("sip", "sips", "oauth", "mra"), 0)]
)
def test_ports_the_product_takes(ports):
    assert NodePorts(**ports).config == 6970


def test_ports_that_were_bound_may_lie_outside_the_administrators_range():
    assert NodePorts(oauth=60000, mra=60001, bound=True).oauth == 60000
    with pytest.raises(PortError, match="already the node's oauth port"):
        NodePorts(oauth=60000, mra=60000, bound=True)


def make(name: str = "CSFALICE", *dns: str, profile: str = "P") -> Device:
    lines = tuple(Line(dn=dn, contact=UUID(int=1)) for dn in dns)
    return Device(name=name, pkid=UUID(int=2), profile=profile, lines=lines, owner="alice", associated=("bob",))


@pytest.fixture
def directory() -> Directory:
    made = Directory()
    made.put_profile(SecurityProfile(name="P"))
    return made


def test_devices_are_found_by_name_and_by_line(directory):
    directory.put_devices([make("A", "1", "2"), make("B", "2", "2")])
    assert [device.name for device in directory.devices] == ["A", "B"]
    assert directory.device("a") is None
    assert [device.name for device in directory.devices_with("2")] == ["A", "B"]
    assert directory.remove_device("A").name == "A"
    assert [device.name for device in directory.devices_with("2")] == ["B"]
    assert directory.devices_with("1") == ()
    directory.put_device(make("B", "3"))
    assert directory.devices_with("2") == ()
    assert directory.devices_with("3") == (directory.device("B"),)


def test_a_device_needs_a_profile_that_exists(directory):
    with pytest.raises(DirectoryError, match=r"device A: there is no phone security profile 'Q'"):
        directory.put_device(make("A", profile="Q"))
    assert directory.devices == ()


def test_what_is_not_there_cannot_be_removed_and_what_is_in_use_neither(directory):
    directory.put_device(make("A"))
    with pytest.raises(DirectoryError, match="profile 'P' is in use by device A"):
        directory.remove_profile("P")
    directory.remove_device("A")
    assert directory.remove_profile("P").name == "P"
    assert directory.profile("P") is None
    assert len(directory.profiles) == 1
    for call, text in (
        (directory.remove_profile, "no phone security profile 'P'"),
        (directory.remove_device, "no device 'P'"),
        (directory.remove_user, "no end user 'P'"),
        (directory.remove_expressway, "no Expressway-C 'P'"),
    ):
        with pytest.raises(DirectoryError, match=text):
            call("P")


def test_users_and_what_the_database_knows_of_a_tokens_subject(directory):
    directory.put_user(User(id="Alice"))
    directory.put_user(User(id="bob", active=False))
    directory.put_device(make("CSFALICE"))
    assert directory.user("ALICE").id == "Alice"
    assert [user.id for user in directory.users] == ["Alice", "bob"]
    assert directory.subject_status("alice") == "active"
    assert directory.subject_status("BOB") == "inactive"
    assert directory.subject_status("CSFALICE") == "active"
    assert directory.subject_status("mallory") == "unknown"
    assert directory.remove_user("aLICE").id == "Alice"
    assert directory.user("alice") is None


def test_expressway_rows_are_replaced_by_host(directory):
    peer = PeerIdentity(common_name="new.example.com")
    directory.put_expressway(ExpresswayRow(host="expc", x509_name="old.example.com"))
    before = directory.trust
    directory.put_expressway(ExpresswayRow(host="EXPC", x509_name="new.example.com"))
    assert len(directory.expressways) == 1
    assert directory.trust.judge(peer).trusted
    assert not before.judge(peer).trusted
    assert directory.remove_expressway("Expc").x509_name == "new.example.com"
    assert directory.expressways == ()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"granted_expires": 29}, "granted_expires is 29, allowed are 30-86400"),
        ({"min_expires": 121}, "min_expires is 121, allowed are 1-120"),
        ({"max_challenges": 0}, "max_challenges is 0, allowed are 1-10"),
        ({"retry_after": -1}, "retry_after is -1, allowed are 0-86400"),
        ({"default_expires": 86401}, "default_expires is 86401, allowed are 30-86400"),
        ({"version": "13.0"}, "version is '13.0', known are 11.5, 12.0, 12.5, 14.0, 15.0"),
    ],
)
def test_policies_out_of_range(settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        RegistrarPolicy(**settings)


# --- the cluster ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stores() -> NodeStores:
    return NodeStores.create("ucm-pub.example.com", now=1_700_000_000.0, key="ec256")


@pytest.fixture
def cluster(keys, stores) -> Cluster:
    return Cluster(
        keys.cluster_id, keys, [ClusterNode(name="ucm-pub", host="ucm-pub.example.com", stores=stores)]
    )


def test_a_snapshot_is_what_the_service_would_load_now(cluster, keys, stores):
    snapshot = cluster.snapshot("ucm-pub")
    assert (snapshot.name, snapshot.host, snapshot.sip_oauth_mode) == ("ucm-pub", "ucm-pub.example.com", False)
    assert snapshot.tomcat == stores.tomcat.credential
    assert snapshot.callmanager == stores.callmanager.credential
    assert snapshot.tomcat_trust == stores.tomcat_trust
    assert stores.lsc_issuer.certificate in snapshot.phone_trust
    assert len(set(snapshot.phone_trust)) == len(snapshot.phone_trust)
    assert snapshot.keys.signing_kid == keys.signing_kid
    assert repr(snapshot.keys.encryption_key) not in repr(snapshot)
    assert repr(snapshot.tomcat.private_key) not in repr(snapshot)


def test_a_snapshot_does_not_follow_later_changes(cluster, stores):
    before = cluster.snapshot("ucm-pub")
    cluster.sip_oauth_mode = True
    cluster.set_ports("ucm-pub", NodePorts(oauth=15090))
    cluster.set_stores("ucm-pub", replace(stores, tomcat_trust=(b"other",)))
    cluster.keys = cluster.keys.with_new_encryption()
    after = cluster.snapshot("ucm-pub")
    assert (before.sip_oauth_mode, before.ports.oauth) == (False, 5090)
    assert (after.sip_oauth_mode, after.ports.oauth) == (True, 15090)
    assert after.tomcat_trust == (b"other",)
    assert before.keys.encryption_kid != after.keys.encryption_kid


def test_nodes_keep_their_order_and_their_names_are_unique(cluster, stores):
    cluster.add_node(ClusterNode(name="ucm-sub", host="ucm-sub.example.com", stores=stores))
    assert [node.name for node in cluster.nodes] == ["ucm-pub", "ucm-sub"]
    with pytest.raises(ClusterError, match="already a node 'ucm-sub'"):
        cluster.add_node(ClusterNode(name="ucm-sub", host="x", stores=stores))
    with pytest.raises(ClusterError, match=re.escape("no node 'x' in the cluster (known: ucm-pub, ucm-sub)")):
        cluster.snapshot("x")
