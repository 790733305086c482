"""`ucmsim phone --domain` from outside, through an Expressway-E and an Expressway-C of their own on sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.e2e.running_lab import RunningLab, running_lab, ucmsim
from tests.patience import patience

LAB = """
expressways:
  - {name: expc, edge: {name: expe}}
phones:
  - {device: CSFALICE, user: alice, dn: "1010", profile: oauth}
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    folder = tmp_path_factory.mktemp("both")
    (folder / "lab.yaml").write_text(LAB)
    with running_lab(folder / "stderr", folder / "lab.yaml", "--port-base", "0") as running:
        yield running


def from_outside(up: RunningLab, password: str = "ucmsim") -> tuple[int, dict[str, object]]:
    who = ("--domain", "lab.example", "--user", "alice", "--password-file", "-")
    where = ("--nameserver", up.hostport("dns", "dns-outside"), "--ca-file", up.pki / "expressway-ca.pem")
    done = ucmsim("phone", *who, *where, "--json", stdin=password)
    return done.returncode, json.loads(done.stdout)


def test_a_phone_is_signed_in_and_registered_through_both(up: RunningLab) -> None:
    since = up.mark()
    code, outcome = from_outside(up)
    assert (code, outcome["outcome"], outcome["unregistered"]) == (0, "registered", True)
    relayed = {event["path"]: event["status"] for event in up.events("expressway:http", since, actor="expe")}
    assert relayed["/cucm-uds/clusterUser"] == relayed["/CSFALICE.cnf.xml"] == 200
    assert up.events("expressway:forwarded", since, actor="expe", direction="inward")
    assert up.events("expressway:forwarded", since, actor="expc", direction="inward")
    assert not up.events("flow:opened", since, actor="expe", listener="traversal"), "the one connection is used"
    assert up.events("registrar:accepted", since, device="CSFALICE", what="registered")


def test_a_wrong_password_ends_outside(up: RunningLab) -> None:
    code, outcome = from_outside(up, password="guessed")
    assert (code, outcome["outcome"], outcome["code"]) == (1, "notsignedin", "E_CREDENTIALS")


def test_only_the_edge_is_shown_to_clients(up: RunningLab) -> None:
    ports = {up.endpoint(role, "expe")[1] for role in ("edge", "https", "traversal", "tunnel")}
    assert len(ports) == 4


@pytest.mark.parametrize(("name", "kind"), [("expe", "Traversal server"), ("expc", "Traversal client")])
def test_both_show_the_zone_and_log_it(up: RunningLab, name: str, kind: str) -> None:
    control = ("--control", up.control, "--name", name)
    rows = json.loads(ucmsim("expressway", "zones", *control, "--json").stdout)
    shown = {row["zone"]: (row["type"], row["state"]) for row in rows}
    assert shown["TraversalZone"] == (kind, "Active")
    assert shown["SSH tunnels"] == ("Tunnel", "Active")
    assert ("CEOAuth 127.0.0.1" in " ".join(shown)) <= (name == "expc")
    log = ucmsim("expressway", "log", *control).stdout
    assert 'Event="External Server Communications Restored"' in log


def test_what_only_an_expressway_c_can_do_is_refused_at_the_edge(up: RunningLab) -> None:
    done = ucmsim("expressway", "refresh", "--control", up.control, "--name", "expe")
    assert done.returncode == 1
    assert "Expressway-E" in done.stdout + done.stderr


def answer_of(context: ssl.SSLContext, address: tuple[str, int]) -> bytes:
    """To SIP on a connection of its own; nothing too if the handshake is refused."""
    with (
        socket.create_connection(address, timeout=patience()) as sock,
        contextlib.suppress(ssl.SSLError, OSError),
    ):
        tls = context.wrap_socket(sock, server_hostname="expe.lab.example")
        tls.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
        return tls.recv(100)
    return b""


@pytest.mark.parametrize("role", ["traversal", "tunnel"])
def test_nobody_speaks_there_without_a_certificate(up: RunningLab, role: str) -> None:
    since = up.mark()
    context = ssl.create_default_context(cafile=str(up.pki / "expressway-ca.pem"))
    assert answer_of(context, up.endpoint(role, "expe")) == b""
    assert not up.events("sip:received", since, actor="expe")
    assert from_outside(up)[0] == 0
