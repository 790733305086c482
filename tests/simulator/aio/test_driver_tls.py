"""TLS between actors, and with OpenSSL's own programs: who refused, and that the alert arrives."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.contexts import client_context
from certs.files import write_private
from certs.spec import CertSpec
from simulator.aio.driver import Driver
from simulator.core.actor.flow import Address, Listen
from simulator.core.events import FlowClosed, FlowOpened, TlsEstablished, TlsFailed
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientAuth, ClientTls, Credential, ServerTls, TlsVersion

ANY = Address("127.0.0.1", 0)
openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")


@pytest.fixture(params=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> TlsVersion:
    return request.param


@pytest.fixture
def refused_phone(stranger: Authority, now: Instant) -> Credential:
    """A client credential that the node does not trust."""
    return stranger.issue(CertSpec(common_name="expc", sans=("expc",), key="ec256"), now=now).credential


def mutual(node: IssuedCertificate, ca: Authority, version: TlsVersion) -> ServerTls:
    return ServerTls(
        credential=node.credential,
        client_auth=ClientAuth.REQUIRED,
        trust=(ca.certificate,),
        minimum=version,
        maximum=version,
    )


async def test_two_actors_talk_over_tls(
    driver: Driver,
    recorder: Any,
    log: EventLog,
    flows: FlowIds,
    ca: Authority,
    node: IssuedCertificate,
    version: TlsVersion,
) -> None:
    server, phone = recorder("ucm", echo=True), recorder("phone")
    tls = ServerTls(credential=node.credential, minimum=version, maximum=version)
    ports = await server.serve(driver, [Listen(name="oauth", transport="tls", address=ANY, tls=tls)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["oauth"], ClientTls(server_name="ucm", trust=(ca.certificate,)))
    await phone.until(lambda r: flow in r.facts)
    phone.say(driver, flow, b"hello ", b"world")
    await phone.until(lambda r: r.heard.get(flow) == b"hello world")
    phone.hang_up(driver, flow)
    await server.until(lambda r: r.ends)

    (there,) = server.facts.values()
    assert (there.listener, there.tls.peer, there.local) == ("oauth", None, ports["oauth"])
    assert there.remote == phone.facts[flow].local
    assert phone.facts[flow].tls.peer.common_name == "ucm"
    assert phone.facts[flow].tls.version == f"TLSv{version}"
    (end,) = server.ends.values()
    assert (end.by, end.clean) == ("peer", True)
    assert phone.ends == {}
    assert len(server.datagrams) == 1, "what is sent at once goes out in one write"
    assert [e.role for e in log.of(TlsEstablished, actor="phone")] == ["client"]
    assert [(e.by, e.clean) for e in log.of(FlowClosed, actor="phone")] == [("us", True)]
    assert [(e.by, e.clean) for e in log.of(FlowClosed, actor="ucm")] == [("peer", True)]
    assert log.of(FlowOpened, actor="ucm")[0].remote == log.of(FlowOpened, actor="phone")[0].local


async def test_a_client_that_does_not_know_the_ca_refuses_and_both_ends_know(
    driver: Driver,
    recorder: Any,
    log: EventLog,
    flows: FlowIds,
    stranger: Authority,
    node: IssuedCertificate,
    version: TlsVersion,
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    tls = ServerTls(credential=node.credential, minimum=version, maximum=version)
    ports = await server.serve(driver, [Listen(name="oauth", transport="tls", address=ANY, tls=tls)])
    await driver.join(phone)
    trust = ClientTls(server_name="ucm", trust=(stranger.certificate,))
    flow = phone.open(driver, flows, ports["oauth"], trust)
    await phone.until(lambda r: flow in r.ends)
    await driver.until_idle()

    end = phone.ends[flow]
    assert (end.by, end.clean, end.refusal.alert) == ("us", False, 48)
    (ours,), (theirs,) = log.of(TlsFailed, actor="phone"), log.of(TlsFailed, actor="ucm")
    assert (ours.role, ours.by, ours.alert, ours.alert_name) == ("client", "us", 48, "unknown_ca")
    assert ours.detail == "unable to get local issuer certificate"
    assert (theirs.role, theirs.by, theirs.alert) == ("server", "peer", 48)
    assert theirs.reason == "TLSV1_ALERT_UNKNOWN_CA"
    assert server.facts == {}, "a refused connection never becomes a flow of the server's"
    assert server.ends == {}
    assert len(log.of(FlowClosed)) == 2


async def test_a_server_that_does_not_know_the_ca_refuses_and_both_ends_know(
    driver: Driver,
    recorder: Any,
    log: EventLog,
    flows: FlowIds,
    ca: Authority,
    node: IssuedCertificate,
    refused_phone: Credential,
    version: TlsVersion,
) -> None:
    server, phone = recorder("ucm"), recorder("expc")
    phone.greeting = b"REGISTER sip:ucm SIP/2.0\r\n" * 200
    listen = Listen(name="oauthMtls", transport="tls", address=ANY, tls=mutual(node, ca, version))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    tls = ClientTls(server_name="ucm", trust=(ca.certificate,), credential=refused_phone)
    flow = phone.open(driver, flows, ports["oauthMtls"], tls)
    await phone.until(lambda r: flow in r.ends)

    end = phone.ends[flow]
    assert (end.by, end.refusal.alert, end.refusal.reason) == ("peer", 48, "TLSV1_ALERT_UNKNOWN_CA")
    # TLS 1.3: the client was up, and had written its REGISTER, before it could read the alert.
    assert (flow in phone.facts) == (version == "1.3")
    (ours,), (theirs,) = log.of(TlsFailed, actor="ucm"), log.of(TlsFailed, actor="expc")
    assert (ours.by, ours.alert, ours.reason) == ("us", 48, "CERTIFICATE_VERIFY_FAILED")
    assert (theirs.by, theirs.alert) == ("peer", 48)
    assert server.facts == {}


async def test_many_refused_clients_that_write_at_once_all_read_the_alert(
    driver: Driver,
    recorder: Any,
    log: EventLog,
    flows: FlowIds,
    ca: Authority,
    node: IssuedCertificate,
    refused_phone: Credential,
) -> None:
    server, phone = recorder("ucm"), recorder("expc")
    phone.greeting = b"x" * 100_000
    listen = Listen(name="oauthMtls", transport="tls", address=ANY, tls=mutual(node, ca, "1.3"))
    ports = await server.serve(driver, [listen])
    await driver.join(phone)
    tls = ClientTls(server_name="ucm", trust=(ca.certificate,), credential=refused_phone)
    opened = [phone.open(driver, flows, ports["oauthMtls"], tls) for _ in range(60)]
    await phone.until(lambda r: len(r.ends) == len(opened))
    assert {phone.ends[flow].refusal.alert for flow in opened} == {48}


async def test_a_refused_client_that_writes_before_it_reads_is_not_reset(
    driver: Driver, recorder: Any, ca: Authority, node: IssuedCertificate, refused_phone: Credential
) -> None:
    listen = Listen(name="oauthMtls", transport="tls", address=ANY, tls=mutual(node, ca, "1.3"))
    ports = await recorder("ucm").serve(driver, [listen])
    context = client_context(ClientTls(server_name="ucm", trust=(ca.certificate,), credential=refused_phone))

    def write_then_read() -> str | None:
        # A blocking client: a reset would break its write, and the alert would never be read.
        address = (ports["oauthMtls"].host, ports["oauthMtls"].port)
        with socket.create_connection(address) as raw, context.wrap_socket(raw, server_hostname="ucm") as tls:
            try:
                for _ in range(100):
                    tls.sendall(b"x" * 100_000)
                tls.recv(1)
            except ssl.SSLError as error:
                return error.reason
        return "no error"

    assert await asyncio.to_thread(write_then_read) == "TLSV1_ALERT_UNKNOWN_CA"


@openssl
@pytest.mark.interop
@pytest.mark.parametrize("certificate", ["unknown", "none"])
async def test_openssl_s_client_reads_the_alert(
    driver: Driver,
    recorder: Any,
    log: EventLog,
    tmp_path: Path,
    ca: Authority,
    node: IssuedCertificate,
    refused_phone: Credential,
    version: TlsVersion,
    certificate: str,
) -> None:
    server = recorder("ucm")
    listen = Listen(name="oauthMtls", transport="tls", address=ANY, tls=mutual(node, ca, version))
    ports = await server.serve(driver, [listen])
    options: list[str] = []
    if certificate == "unknown":
        (tmp_path / "leaf.pem").write_bytes(refused_phone.chain)
        write_private(tmp_path / "leaf.key", refused_phone.private_key)
        options = ["-cert", str(tmp_path / "leaf.pem"), "-key", str(tmp_path / "leaf.key")]
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{ports['oauthMtls'].port}", *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    # TLS 1.3: the client writes at once; the alert must still reach it. (A leading R would be a command to it.)
    process.stdin.write(b"OPTIONS sip:ucm SIP/2.0\r\n\r\n")
    errors = await process.stderr.read()
    await process.communicate()
    alert = 48 if certificate == "unknown" else {"1.2": 40, "1.3": 116}[version]
    assert f"SSL alert number {alert}".encode() in errors
    assert [(e.by, e.alert) for e in log.of(TlsFailed)] == [("us", alert)]


@openssl
@pytest.mark.interop
async def test_openssl_s_server_reads_the_alert(
    driver: Driver,
    recorder: Any,
    flows: FlowIds,
    tmp_path: Path,
    node: IssuedCertificate,
    stranger: Authority,
    version: TlsVersion,
) -> None:
    (tmp_path / "leaf.pem").write_bytes(node.certificate)
    write_private(tmp_path / "leaf.key", node.private_key)
    files = ("-cert", str(tmp_path / "leaf.pem"), "-key", str(tmp_path / "leaf.key"))
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_server", "-accept", "127.0.0.1:0", *files, "-naccept", "1"),
        f"-tls{version.replace('.', '_')}",
        # Its end would be an order to stop.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    port = 0
    while not port:
        line = (await process.stdout.readline()).decode()
        if line.startswith("ACCEPT"):
            port = int(line.rpartition(":")[2])
    phone = recorder("phone")
    await driver.join(phone)
    tls = ClientTls(server_name="ucm", trust=(stranger.certificate,))
    flow = phone.open(driver, flows, Address("127.0.0.1", port), tls)
    await phone.until(lambda r: flow in r.ends)
    assert process.stderr is not None
    output, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
    await process.communicate()
    assert b"SSL alert number 48" in output + errors
    assert phone.ends[flow].refusal.alert == 48


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (b"REGISTER sip:ucm SIP/2.0\r\n\r\n", "WRONG_VERSION_NUMBER"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP_REQUEST"),
        (b"\x00" * 5000, "WRONG_VERSION_NUMBER"),
        (b"\x16\x03\x01\x00\x05hello", "UNEXPECTED_MESSAGE"),
        (b"", "UNEXPECTED_EOF_WHILE_READING"),
    ],
    ids=["plain SIP", "plain HTTP", "zeros", "a broken ClientHello", "nothing"],
)
async def test_what_is_no_tls_never_reaches_the_actor(
    driver: Driver,
    recorder: Any,
    plain: Any,
    log: EventLog,
    ca: Authority,
    node: IssuedCertificate,
    junk: bytes,
    reason: str,
) -> None:
    server = recorder("ucm")
    listen = Listen(name="oauthMtls", transport="tls", address=ANY, tls=mutual(node, ca, "1.2"))
    ports = await server.serve(driver, [listen])
    reader, writer = await plain(ports["oauthMtls"])
    writer.write(junk)
    if not junk:
        writer.write_eof()
    await reader.read()
    assert [e.reason for e in log.of(TlsFailed)] == [reason]
    assert server.facts == {}


async def test_a_client_meets_a_server_that_speaks_no_tls(
    driver: Driver, recorder: Any, flows: FlowIds, ca: Authority
) -> None:
    server, phone = recorder("ucm"), recorder("phone")
    server.greeting = b"SIP/2.0 200 OK\r\n\r\n"
    ports = await server.serve(driver, [Listen(name="sip", transport="tcp", address=ANY)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["sip"], ClientTls(server_name="ucm", trust=(ca.certificate,)))
    await phone.until(lambda r: flow in r.ends)
    assert phone.ends[flow].detail == "plain text instead of TLS: SIP/2.0"


async def test_the_key_log_is_private_and_names_both_ends_secrets(
    recorder: Any,
    log: EventLog,
    clock: Any,
    flows: FlowIds,
    ca: Authority,
    node: IssuedCertificate,
    tmp_path: Path,
) -> None:
    keylog = tmp_path / "keys.log"
    driver = Driver(log, clock, flows, keylog=str(keylog))
    server, phone = recorder("ucm", echo=True), recorder("phone")
    tls = ServerTls(credential=node.credential, maximum="1.3")
    ports = await server.serve(driver, [Listen(name="oauth", transport="tls", address=ANY, tls=tls)])
    await driver.join(phone)
    flow = phone.open(driver, flows, ports["oauth"], ClientTls(server_name="ucm", trust=(ca.certificate,)))
    await phone.until(lambda r: flow in r.facts)
    await driver.shut_down()
    assert keylog.stat().st_mode & 0o777 == 0o600
    assert keylog.read_text().count("SERVER_TRAFFIC_SECRET_0") == 2
