"""`ucmsim phone --domain` from outside: by the public name server, through the Expressway-E of a lab."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running_lab import RunningLab, running_lab, ucmsim
from tests.patience import patience

LAB = """
nodes:
  - {name: ucm-pub}
  - {name: ucm-sub}
expressways:
  - {name: expc1}
  - name: expc2
    certificate: {common_name: edge2.lab.example, sans: ["DNS:edge2.lab.example", "DNS:expc2.lab.example"]}
    table: [edge2.lab.example]
phones:
  - {device: CSFALICE, user: alice, dn: "1010", profile: oauth}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Two nodes and two Expressway pairs."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "lab.yaml").write_text(LAB)
    with running_lab(folder / "stderr", folder / "lab.yaml", "--port-base", "0") as running:
        yield running


def from_outside(up: RunningLab, *more: object, password: str = "ucmsim") -> tuple[int, dict[str, object]]:
    server = ("--nameserver", up.hostport("dns", "dns-outside"))
    trust = ("--ca-file", up.pki / "expressway-ca.pem")
    who = ("--domain", "lab.example", "--user", "alice", "--password-file", "-")
    done = ucmsim("phone", *who, *server, *trust, "--json", *more, stdin=password)
    return done.returncode, json.loads(done.stdout)


def test_everything_is_found_and_registered_through_the_edge(up: RunningLab) -> None:
    since = up.mark()
    code, outcome = from_outside(up)
    assert (code, outcome["outcome"], outcome["unregistered"]) == (0, "registered", True)
    assert outcome["port"] == up.endpoint("mra")[1]
    asked = {event["path"]: event["status"] for event in up.events("expressway:http", since, actor="expc1")}
    relayed = {path.rpartition("/")[2]: status for path, status in asked.items()}
    assert relayed["get_edge_config"] == relayed["clusterUser"] == relayed["CSFALICE.cnf.xml"] == 200
    assert up.events("registrar:accepted", since, device="CSFALICE", what="registered")
    seen = up.events("sip:received", since, method="REGISTER")
    assert seen, "and it went to an Expressway first"


def test_each_pair_shows_itself_with_its_own_certificate_and_ports(up: RunningLab) -> None:
    since = up.mark()
    from_outside(up)
    told = {event["actor"]: event for event in up.events("expressway:http", since) if "config" in event["path"]}
    assert set(told) == {"expc1", "expc2"}
    addresses = {up.endpoint(role, name) for name in told for role in ("edge", "https")}
    assert len(addresses) == 4
    for name, host in (("expc1", "expc1.lab.example"), ("expc2", "expc2.lab.example")):
        context = ssl.create_default_context(cafile=str(up.pki / "expressway-ca.pem"))
        connection = http.client.HTTPSConnection(
            *up.endpoint("https", name), timeout=patience(), context=context
        )
        context.check_hostname = False
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert() or {}
        connection.close()
        assert ("DNS", host) in shown["subjectAltName"]


def test_a_wrong_password_ends_at_the_edge(up: RunningLab) -> None:
    since = up.mark()
    code, outcome = from_outside(up, password="guessed")
    assert (code, outcome["outcome"], outcome["code"]) == (1, "notsignedin", "E_CREDENTIALS")
    assert not up.events("oauth:granted", since)


def test_an_edge_of_another_authority_is_not_trusted(up: RunningLab) -> None:
    code, outcome = from_outside(up, "--ca-file", up.ca_file)
    assert (code, outcome["outcome"], outcome["code"]) == (3, "notsignedin", "E_TLS_TRUST")


def test_the_public_name_server_knows_nothing_of_the_inside(up: RunningLab, tmp_path: Path) -> None:
    since = up.mark()
    from_outside(up)
    asked = {event["name"]: event["rcode"] for event in up.events("dns:answered", since, actor="dns-outside")}
    assert asked["_cisco-uds._tcp.lab.example."] == "NXDOMAIN"
    assert asked["_collab-edge._tls.lab.example."] == "NOERROR"


def test_a_blocked_address_is_not_let_in_by_that_edge_but_by_the_other(up: RunningLab) -> None:
    """More than five expired tokens at the first pair; this address is everybody's here."""
    context = ssl.create_default_context(cafile=str(up.pki / "expressway-ca.pem"))
    context.check_hostname = False
    path = f"/{base64.b64encode(b'lab.example').decode().rstrip('=')}/get_edge_config"
    headers = {"Authorization": f"Bearer {up.token('alice', 'expired')}"}
    since = up.mark()
    for _ in range(6):
        host, port = up.endpoint("https", "expc1")
        connection = http.client.HTTPSConnection(host, port, timeout=patience(), context=context)
        connection.request("GET", path, headers=headers)
        assert connection.getresponse().status == 401
        connection.close()
    assert up.events("expressway:blocked", since, actor="expc1")
    code, outcome = from_outside(up)
    assert (code, outcome["outcome"]) == (0, "registered")
    assert {event["actor"] for event in up.events("expressway:http", since, status=200)} == {"expc2"}
