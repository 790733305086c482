"""The configuration file server: what it serves, what it refuses, and that it never leaves its root."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from certs.stores import NodeStores
from registrar.core.cluster.cluster import Cluster, ClusterNode
from registrar.core.cluster.ports import NodePorts
from registrar.core.tftp.service import ConfigService
from simulator.core.events import ConfigServed
from simulator.core.events.log import EventLog
from simulator.core.http.message import HttpRequest
from simulator.core.instant import ManualClock
from tests.serving import served


@pytest.fixture
def cluster(keys, stores, device_of, profiles) -> Cluster:
    made = Cluster(
        keys.cluster_id, keys, [ClusterNode(name="ucm-pub", host="ucm-pub.lab.example", stores=stores)]
    )
    for profile in profiles.values():
        made.directory.put_profile(profile)
    made.directory.put_device(device_of("CSFALICE", "1010", profiles["oauth"]))
    return made


@pytest.fixture(scope="module")
def stores() -> NodeStores:
    return NodeStores.create("ucm-pub.lab.example", now=1_700_000_000.0, key="ec256")


@pytest.fixture
def log() -> EventLog:
    return EventLog(ManualClock(1_700_000_000.0))


@pytest.fixture
def service(cluster, log) -> ConfigService:
    return ConfigService(cluster, log.journal("tftp"))


def ask(service: ConfigService, path: str, method: str = "GET"):
    return service.handle(HttpRequest(method=method, path=path, source="192.0.2.10"), 0.0)


def test_a_devices_file_is_served(service, log):
    response = ask(service, "/CSFALICE.cnf.xml")
    assert response.status == 200
    assert dict(response.headers) == {"Content-Type": "text/xml"}
    assert b"<processNodeName>ucm-pub.lab.example</processNodeName>" in response.body
    assert b"<portalDefaultServer>ucm-pub.lab.example</portalDefaultServer>" in response.body
    event = log.of(ConfigServed)[-1]
    assert (event.path, event.status, event.size) == ("/CSFALICE.cnf.xml", 200, len(response.body))


def test_head_has_the_headers_and_no_body(service, log):
    response = ask(service, "/CSFALICE.cnf.xml", "HEAD")
    assert (response.status, response.body) == (200, b"")
    size = log.of(ConfigServed)[-1].size
    assert size > 9000
    assert ("Content-Length", str(size)) in response.headers


def test_the_cluster_switch_applies_at_once(service, cluster):
    assert b"<sipOAuthMode>0</sipOAuthMode>" in ask(service, "/CSFALICE.cnf.xml").body
    cluster.sip_oauth_mode = True
    assert b"<sipOAuthMode>1</sipOAuthMode>" in ask(service, "/CSFALICE.cnf.xml").body


def test_the_ports_are_those_the_node_really_has(cluster, log):
    cluster.set_ports("ucm-pub", NodePorts(sip=0, sips=0, oauth=0, mra=0))
    actual = NodePorts(sip=40001, sips=40002, oauth=40003, mra=40004)
    service = ConfigService(cluster, log.journal("tftp"), ports_of=lambda _node: actual)
    body = ask(service, "/CSFALICE.cnf.xml").body
    assert b"<sipOAuthPort>40003</sipOAuthPort>\n<sipMRAOAuthPort>40004</sipMRAOAuthPort>" in body


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/CTLCSFALICE.tlv", "a file this server does not have"),
        ("/ITLCSFALICE.tlv", "a file this server does not have"),
        ("/SPDefault.cnf.xml", "a file this server does not have"),
        ("/CSFALICE.cnf.xml.sgn", "a file this server does not have"),
        ("/jabber-config.xml", "a file this server does not have"),
        ("/ConfigFileCacheList.txt", "a file this server does not have"),
        ("/CSFNOBODY.cnf.xml", "a file this server does not have"),
        ("/favicon.ico", "unknown file"),
        ("/.cnf.xml", "a file this server does not have"),
        ("/", "not a file name of this server"),
        ("", "not a file name of this server"),
        ("/../CSFALICE.cnf.xml", "not a file name of this server"),
        ("/a/CSFALICE.cnf.xml", "not a file name of this server"),
        ("//CSFALICE.cnf.xml", "not a file name of this server"),
        ("/..%2fCSFALICE.cnf.xml", "not a file name of this server"),
        ("/%2e%2e%2fetc%2fpasswd", "not a file name of this server"),
        ("/..%5CCSFALICE.cnf.xml", "not a file name of this server"),
        ("/%252e%252e%252fCSFALICE.cnf.xml", "not a file name of this server"),
        ("/CSFALICE.cnf.xml%00", "not a file name of this server"),
        ("/CSFALICE.cnf.xml%0a", "not a file name of this server"),
        ("/CSF%C3%84.cnf.xml", "not a file name of this server"),
        ("/\udcff.cnf.xml", "not a file name of this server"),
        ("/CSF ALICE.cnf.xml", "not a file name of this server"),
        ("/" + "A" * 200 + ".cnf.xml", "not a file name of this server"),
        ("/csfalice.cnf.xml", "a file this server does not have"),
    ],
)
def test_everything_else_is_404(service, log, path, detail):
    response = ask(service, path)
    assert (response.status, response.body) == (404, b"404 Not Found\n")
    assert log.of(ConfigServed)[-1].detail == detail


def test_a_percent_encoded_device_name_is_decoded_once(service):
    assert ask(service, "/CSF%41LICE.cnf.xml").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_405(service, method):
    response = ask(service, "/CSFALICE.cnf.xml", method)
    assert response.status == 405
    assert ("Allow", "GET, HEAD") in response.headers


def test_a_text_that_no_xml_can_hold_is_500_and_named_in_the_log(service, cluster, log):
    device = cluster.directory.device("CSFALICE")
    cluster.directory.put_device(replace(device, support_field="\x07"))
    assert ask(service, "/CSFALICE.cnf.xml").status == 500
    assert log.of(ConfigServed)[-1].detail == (
        "CSFALICE: desktopClient: character U+0007 cannot stand in an XML file"
    )


def test_rendering_an_unknown_device_is_a_key_error(service):
    with pytest.raises(KeyError, match="CSFNOBODY"):
        service.render("CSFNOBODY")


def test_a_cluster_without_nodes_still_renders(keys, log, device_of, profiles):
    cluster = Cluster(keys.cluster_id, keys)
    cluster.directory.put_profile(profiles["plain"])
    cluster.directory.put_device(device_of("CSFALICE", "1010", profiles["plain"]))
    body = ask(ConfigService(cluster, log.journal("tftp")), "/CSFALICE.cnf.xml").body
    assert b"<members>\n</members>" in body


def test_with_no_reader_no_event_is_made(cluster):
    log = EventLog(ManualClock(0.0), keep=0)
    assert ask(ConfigService(cluster, log.journal("tftp")), "/CSFALICE.cnf.xml").status == 200
    assert log.last_seq == 0


async def test_the_server_answers_over_http(service):
    async with (
        served(service, ManualClock(0.0), max_body=4096) as server,
        aiohttp.ClientSession() as client,
    ):
        base = f"http://{server}"
        async with client.get(f"{base}/CSFALICE.cnf.xml") as response:
            assert (response.status, response.headers["Content-Type"]) == (200, "text/xml")
            assert (await response.read()) == service.render("CSFALICE")
        async with client.head(f"{base}/CSFALICE.cnf.xml") as response:
            assert (response.status, await response.read()) == (200, b"")
        async with client.post(f"{base}/CSFALICE.cnf.xml", data=b"x" * 5000) as response:
            assert response.status == 413


@pytest.mark.parametrize(
    "path", ["/../CSFALICE.cnf.xml", "/%2e%2e/CSFALICE.cnf.xml", "//CSFALICE.cnf.xml", "/..%2fetc%2fpasswd"]
)
async def test_traversal_over_raw_http_is_404(service, log, path):
    async with served(service, ManualClock(0.0), max_body=4096) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        reply = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert reply.startswith(b"HTTP/1.1 404 ")
    assert log.of(ConfigServed)[-1].path == path
