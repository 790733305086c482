from __future__ import annotations

import ssl
from datetime import timedelta

import pytest

from certs import identity
from certs.authority import Authority
from certs.keys import private_key
from certs.spec import CertSpec, san_kind
from simulator.core.instant import Instant, to_datetime


def test_an_identity_is_read_from_der_as_the_peer_sent_it(ca: Authority, now: Instant) -> None:
    end = to_datetime(now).replace(microsecond=0) + timedelta(days=3)
    spec = CertSpec(common_name="ucm", sans=("ucm", "10.0.0.1"), key="ec256", not_after=end)
    issued = ca.issue(spec, now=now)
    peer = identity.read(ssl.PEM_cert_to_DER_cert(issued.certificate.decode()))
    assert peer == issued.identity
    assert peer.common_name == "ucm"
    assert peer.not_after == end.timestamp()
    assert len(peer.fingerprint_sha256) == 64


def test_what_is_no_certificate_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        identity.read(b"\x30\x03abc")


def test_a_label_keeps_its_key_and_shares_it_with_no_other() -> None:
    assert private_key("test/a", "ec256") is private_key("test/a", "ec256")
    assert private_key("test/a", "ec256") is not private_key("test/b", "ec256")
    assert private_key("test/a", "rsa2048").key_size == 2048


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ucm.example.com", "dns"),
        ("*.example.com", "dns"),
        ("192.0.2.1", "ip"),
        ("2001:db8::1", "ip"),
        ("sip:alice@example.com", "uri"),
        ("urn:uuid:1", "uri"),
    ],
)
def test_the_kind_of_a_san_is_told_from_its_text(text: str, kind: str) -> None:
    assert san_kind(text) == kind
