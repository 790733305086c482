"""Which certificate was refused, read from the handshake where it is in clear; who left having seen ours."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from certs import handshakes
from certs.authority import IssuedCertificate
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.presented_certificate import leaf_in_clear
from simulator.core.tls.session import TlsRefused
from simulator.core.tls.settings import ClientAuth, Credential, ServerTls, TlsVersion

LEFT = TlsRefusal(by="peer", alert=None, reason="X")
NOBODY = Credential(chain=b"no PEM", private_key=b"")


@given(st.binary(max_size=300))
def test_any_bytes_hold_a_certificate_or_none(data: bytes) -> None:
    found = leaf_in_clear(data)
    assert found is None or found in data


@given(st.binary(min_size=1, max_size=600), st.integers(min_value=1, max_value=50))
def test_a_certificate_is_found_across_records(der: bytes, size: int) -> None:
    listed = len(der).to_bytes(3, "big") + der
    body = len(listed).to_bytes(3, "big") + listed
    messages = b"\x02\x00\x00\x01x" + b"\x0b" + len(body).to_bytes(3, "big") + body
    pieces = [messages[at : at + size] for at in range(0, len(messages), size)]
    flight = b"".join(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece for piece in pieces)
    assert leaf_in_clear(flight) == der
    assert leaf_in_clear(flight[:-1]) is None


def refusal_of(events: list[Any]) -> TlsRefusal:
    (refused,) = [event for event in events if isinstance(event, TlsRefused)]
    return refused.refusal


def test_the_refused_client_certificate_is_known_in_tls_12(pair: Any, version: TlsVersion) -> None:
    both = pair(client="of an unknown authority", auth="required")
    both.run()
    refusal = refusal_of(both.server_events)
    assert refusal.verify_code is not None
    if version == "1.2":
        assert refusal.peer is not None
        assert refusal.peer.names[0] == "ucm"
        assert refusal.peer.issuer == "CN=Stranger CA"
    else:
        assert refusal.peer is None


def test_the_refused_server_certificate_is_known_in_tls_12(pair: Any, version: TlsVersion) -> None:
    both = pair(server="expired")
    both.run()
    assert (refusal_of(both.client_events).peer is not None) is (version == "1.2")


def test_who_leaves_after_seeing_our_certificate_is_told_from_who_never_saw_it(pair: Any) -> None:
    seen, unseen = pair(), pair()
    seen.server.receive_data(seen.client.data_to_send())
    for both in (seen, unseen):
        both.server.receive_eof()
    assert refusal_of(seen.server.events()).own_shown
    assert not refusal_of(unseen.server.events()).own_shown


def test_an_event_tells_what_either_end_brought(certificates: Any, pair: Any) -> None:
    both = pair(client="of an unknown authority", auth="required")
    both.run()
    trust = (certificates.ca.certificate,)
    settings = ServerTls(
        credential=certificates.credential("good"), client_auth=ClientAuth.REQUIRED, trust=trust
    )
    event = handshakes.failed(settings, refusal_of(both.server_events), 0.0)
    assert event.role == "server"
    assert event.own_names[0] == "ucm"
    assert event.own_trust == ("CN=Lab CA",)
    assert event.client_auth == "required"
    assert event.verify_code is not None


def test_validity_is_whole_hours_and_usages_have_names(certificates: Any) -> None:
    issued: IssuedCertificate = certificates.by_name["expired"]
    settings = ServerTls(credential=issued.credential)
    now = issued.identity.not_after + 7200.0
    event = handshakes.failed(settings, LEFT, now)
    assert event.own_validity == (round((now - issued.identity.not_before) / 3600), -2)
    assert set(event.own_usages) == {"serverAuth", "clientAuth"}
    assert event.own_versions == "TLSv1.2"


def test_a_certificate_that_cannot_be_read_is_left_out() -> None:
    event = handshakes.failed(ServerTls(credential=NOBODY, trust=(b"nor this",)), LEFT, 0.0)
    assert (event.own_names, event.own_trust) == ((), ())
