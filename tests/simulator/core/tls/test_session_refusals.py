"""Both ends of a refused handshake know who refused, with which alert and why; OpenSSL is the oracle."""

from __future__ import annotations

from typing import Any

import pytest

from certs.contexts import client_context, server_context
from certs.identity import read
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.session import TlsRefused, TlsSession, TlsUp
from simulator.core.tls.settings import ClientTls, ServerTls, TlsVersion

# What is presented, the alert, and what the verifying side says of it.
BAD = [
    ("of an unknown authority", 48, "unable to get local issuer certificate"),
    ("without its intermediate", 48, "unable to get local issuer certificate"),
    ("self-signed", 48, "self-signed certificate"),
    ("of a forged twin of the authority", 48, "unable to get local issuer certificate"),
    ("of a forged twin with its key identifier", 51, "certificate signature failure"),
    ("expired", 45, "certificate has expired"),
    ("not yet valid", 42, "certificate is not yet valid"),
    ("for neither", 43, "unsuitable certificate purpose"),
    ("with a weak key", 42, "EE certificate key too weak"),
]
BAD_SERVER = [
    *BAD,
    ("for clients only", 43, "unsuitable certificate purpose"),
    ("of another host", 42, "Hostname mismatch, certificate is not valid for 'ucm'."),
    ("without a SAN", 42, "Hostname mismatch, certificate is not valid for 'ucm'."),
]
BAD_CLIENT = [*BAD, ("for servers only", 43, "unsuitable certificate purpose")]
GOOD = ["good", "good, rsa", "good, through an intermediate", "without extended key usage"]


def refusals(events: list[Any]) -> list[TlsRefusal]:
    return [event.refusal for event in events if isinstance(event, TlsRefused)]


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


@pytest.mark.parametrize("step", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("shown", GOOD)
def test_a_good_certificate_is_taken_from_either_end(pair: Any, shown: str, step: int | None) -> None:
    both = pair(server=shown, client=shown, auth="required")
    both.run(step=step)
    assert kinds(both.server_events) == kinds(both.client_events) == [TlsUp]
    assert both.server_events[0].facts.peer.common_name == "ucm"
    assert both.client_events[0].facts.peer.dns_names == ("ucm",)
    assert both.server_events[0].facts.version == both.client_events[0].facts.version


@pytest.mark.parametrize("step", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("shown", "alert", "why"), BAD_SERVER, ids=[row[0] for row in BAD_SERVER])
def test_a_client_refuses_a_server_certificate(
    pair: Any, shown: str, alert: int, why: str, step: int | None
) -> None:
    both = pair(server=shown)
    both.run(step=step)
    assert both.client_alerts == [alert]
    assert both.server_alerts == []
    assert kinds(both.client_events) == kinds(both.server_events) == [TlsRefused]
    (ours,), (theirs,) = refusals(both.client_events), refusals(both.server_events)
    assert (ours.by, ours.alert, ours.reason, ours.detail) == ("us", alert, "CERTIFICATE_VERIFY_FAILED", why)
    assert (theirs.by, theirs.alert) == ("peer", alert)
    assert "ALERT" in theirs.reason


@pytest.mark.parametrize("step", [None, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("shown", "alert", "why"), BAD_CLIENT, ids=[row[0] for row in BAD_CLIENT])
def test_a_server_refuses_a_client_certificate(
    pair: Any, version: TlsVersion, shown: str, alert: int, why: str, step: int | None
) -> None:
    both = pair(client=shown, auth="required")
    both.client.send(b"REGISTER sip:ucm SIP/2.0\r\n")
    both.run(step=step)
    assert both.server_alerts == [alert]
    assert both.client_alerts == []
    assert kinds(both.server_events) == [TlsRefused]
    # In TLS 1.3 the client was up before it heard that it is refused.
    assert kinds(both.client_events) == ([TlsUp, TlsRefused] if version == "1.3" else [TlsRefused])
    (ours,), (theirs,) = refusals(both.server_events), refusals(both.client_events)
    assert (ours.by, ours.alert, ours.reason, ours.detail) == ("us", alert, "CERTIFICATE_VERIFY_FAILED", why)
    assert (theirs.by, theirs.alert) == ("peer", alert)


def test_a_server_that_requires_a_certificate_refuses_a_client_without_one(
    pair: Any, version: TlsVersion
) -> None:
    both = pair(auth="required")
    both.run()
    alert = {"1.2": 40, "1.3": 116}[version]
    assert both.server_alerts == [alert]
    (ours,), (theirs,) = refusals(both.server_events), refusals(both.client_events)
    assert (ours.by, ours.alert, ours.reason) == ("us", alert, "PEER_DID_NOT_RETURN_A_CERTIFICATE")
    assert (theirs.by, theirs.alert) == ("peer", alert)


@pytest.mark.parametrize("client", [None, "good"])
def test_an_optional_certificate_may_be_missing(pair: Any, client: str | None) -> None:
    both = pair(auth="optional", client=client)
    both.run()
    peer = both.server_events[0].facts.peer
    assert (peer.common_name if peer else None) == (client and "ucm")


def test_an_optional_certificate_must_still_be_good(pair: Any) -> None:
    both = pair(auth="optional", client="of an unknown authority")
    both.run()
    assert refusals(both.server_events)[0].alert == 48


@pytest.mark.parametrize("name", ["127.0.0.1", "::1"])
def test_a_server_name_can_be_an_address(pair: Any, name: str) -> None:
    both = pair(name=name)
    both.run()
    assert kinds(both.client_events) == [TlsUp]


def test_an_address_that_the_certificate_does_not_name_is_refused(pair: Any) -> None:
    both = pair(server="of another host", name="127.0.0.1")
    both.run()
    (refusal,) = refusals(both.client_events)
    assert both.client_alerts == [42]
    assert refusal.alert == 42
    assert "127.0.0.1" in refusal.detail


def test_a_client_may_be_told_to_ignore_names_or_everything(pair: Any) -> None:
    for shown, more in (("of another host", {"check_hostname": False}), ("expired", {"verify": False})):
        both = pair(server=shown, **more)
        both.run()
        assert kinds(both.client_events) == [TlsUp], shown


@pytest.mark.parametrize(("server", "client"), [("1.2", "1.3"), ("1.3", "1.2")])
def test_ends_without_a_common_version_know_it(
    certificates: Any, server: TlsVersion, client: TlsVersion
) -> None:
    good = certificates.credential("good")
    from_server = TlsSession.server(
        server_context(ServerTls(credential=good, minimum=server, maximum=server)), identify=read
    )
    from_client = TlsSession.client(
        client_context(ClientTls(server_name="ucm", minimum=client, maximum=client)), "ucm", identify=read
    )
    from_server.receive_data(from_client.data_to_send())
    from_client.receive_data(from_server.data_to_send())
    assert [(r.by, r.alert, r.reason) for r in refusals(from_server.events())] == [
        ("us", 70, "UNSUPPORTED_PROTOCOL")
    ]
    assert [(r.by, r.alert) for r in refusals(from_client.events())] == [("peer", 70)]


def test_ends_without_a_common_cipher_know_it(certificates: Any) -> None:
    suites = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"
    good = certificates.credential("good")
    server = TlsSession.server(server_context(ServerTls(credential=good, ciphers=suites[0])), identify=read)
    client = TlsSession.client(
        client_context(ClientTls(server_name="ucm", maximum="1.2", ciphers=suites[1])), "ucm", identify=read
    )
    server.receive_data(client.data_to_send())
    client.receive_data(server.data_to_send())
    assert [(r.by, r.alert, r.reason) for r in refusals(server.events())] == [("us", 40, "NO_SHARED_CIPHER")]
    assert [(r.by, r.alert) for r in refusals(client.events())] == [("peer", 40)]


@pytest.mark.parametrize(
    ("junk", "reason", "detail"),
    [
        (b"REGISTER sip:ucm SIP/2.0\r\n\r\n", "WRONG_VERSION_NUMBER", "plain text instead of TLS: REGISTER"),
        (b"GET /CSFALICE.cnf.xml HTTP/1.1\r\n\r\n", "HTTP_REQUEST", "plain text instead of TLS: GET"),
        (bytes(range(64)), "WRONG_VERSION_NUMBER", "wrong version number"),
    ],
    ids=["plain SIP", "plain HTTP", "garbage"],
)
def test_plain_text_on_a_tls_port_is_named_and_gets_no_alert(
    pair: Any, junk: bytes, reason: str, detail: str
) -> None:
    server = pair().server
    server.receive_data(junk)
    assert refusals(server.events()) == [TlsRefusal(by="us", alert=None, reason=reason, detail=detail)]
    assert server.data_to_send() == b""


def test_garbage_in_a_record_gets_the_alert_that_is_reported(pair: Any) -> None:
    server = pair().server
    server.receive_data(b"\x16\x03\x01\x00\x05hello")
    (refusal,) = refusals(server.events())
    assert (refusal.by, refusal.alert) == ("us", 10)
    assert server.data_to_send()[-1] == 10


@pytest.mark.parametrize("share", [0, 3, 40])
def test_a_peer_that_vanishes_mid_handshake_is_said_to_have_left(pair: Any, share: int) -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send()[:share])
    both.server.receive_eof()
    both.client.receive_eof()
    for session in (both.server, both.client):
        (refusal,) = refusals(session.events())
        assert (refusal.by, refusal.alert, refusal.reason) == ("peer", None, "UNEXPECTED_EOF_WHILE_READING")
        assert session.ended


def test_a_peer_that_says_goodbye_mid_handshake_is_said_to_have_left(pair: Any) -> None:
    both = pair()
    both.server.receive_data(both.client.data_to_send())
    for session in (both.server, both.client):
        session.receive_data(b"\x15\x03\x03\x00\x02\x01\x00")
        (refusal,) = refusals(session.events())
        assert (refusal.by, refusal.alert) == ("peer", None)
        assert refusal.detail == "the peer left during the handshake"


def test_a_peer_certificate_that_cannot_be_read_is_refused(certificates: Any, pair: Any) -> None:
    both = pair()

    def unreadable(_der: bytes) -> Any:
        raise ValueError("the SAN is not valid DER")

    both.client = TlsSession.client(both.client_context, "ucm", identify=unreadable)
    both.run()
    (refusal,) = refusals(both.client_events)
    assert (refusal.by, refusal.alert, refusal.reason) == ("us", None, "UNREADABLE_CERTIFICATE")
