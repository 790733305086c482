"""Certificates are read back with `cryptography`, and judged by the openssl program where there is one."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.authority import Authority, IssuedCertificate, self_signed
from certs.spec import CertSpec
from simulator.core.instant import Instant, to_datetime


def read(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def issue(ca: Authority, now: Instant, **fields: Any) -> IssuedCertificate:
    return ca.issue(CertSpec(**{"common_name": "ucm", "key": "ec256", **fields}), now=now)


def test_a_leaf_says_what_the_spec_asked_for(ca: Authority, now: Instant) -> None:
    sans = ("ucm", "*.example.com", "192.0.2.7", "2001:db8::1", "sip:CEtcp-192.0.2.7@example.com")
    issued = issue(ca, now, sans=sans)
    certificate = read(issued.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["ucm", "*.example.com"]
    assert [str(a) for a in names.value.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "2001:db8::1"]
    assert names.value.get_values_for_type(x509.UniformResourceIdentifier) == [sans[-1]]
    assert not names.critical
    assert issued.identity.names == ("ucm", "*.example.com", sans[-1], "192.0.2.7", "2001:db8::1")
    assert issued.identity.issuer == "CN=Lab CA"
    assert issued.identity.serial == certificate.serial_number


def test_a_leaf_fits_its_private_key_and_hides_it(ca: Authority, now: Instant) -> None:
    issued = issue(ca, now)
    key = load_pem_private_key(issued.private_key, None)
    assert key.public_key() == read(issued.certificate).public_key()
    assert "PRIVATE" not in repr(issued) + repr(issued.credential) + repr(ca)


@pytest.mark.parametrize(
    ("usages", "expected"),
    [
        (frozenset({"server"}), [ExtendedKeyUsageOID.SERVER_AUTH]),
        (frozenset({"client"}), [ExtendedKeyUsageOID.CLIENT_AUTH]),
        (
            frozenset({"server", "client"}),
            [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH],
        ),
        (frozenset(), [ExtendedKeyUsageOID.EMAIL_PROTECTION]),
        (None, None),
    ],
    ids=["server", "client", "both", "neither", "no extension"],
)
def test_usages_become_extended_key_usage(ca: Authority, now: Instant, usages: Any, expected: Any) -> None:
    extensions = read(issue(ca, now, usages=usages).certificate).extensions
    found = [e.value for e in extensions if isinstance(e.value, x509.ExtendedKeyUsage)]
    assert [list(value) for value in found] == ([] if expected is None else [expected])


def test_without_a_name_the_san_is_critical_and_without_sans_there_is_none(ca: Authority, now: Instant) -> None:
    nameless = read(issue(ca, now, common_name=None, sans=("ucm",)).certificate)
    assert nameless.subject.rdns == []
    assert nameless.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical
    with pytest.raises(x509.ExtensionNotFound):
        read(issue(ca, now).certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_validity_is_as_told_or_around_now(ca: Authority, now: Instant) -> None:
    moment = to_datetime(now).replace(microsecond=0)
    usual = read(issue(ca, now).certificate)
    assert usual.not_valid_before_utc < moment < usual.not_valid_after_utc
    past = issue(ca, now, not_before=moment - timedelta(days=9), not_after=moment - timedelta(days=1))
    assert past.identity.not_after == (moment - timedelta(days=1)).timestamp()
    with pytest.raises(ValueError):
        issue(ca, now, not_after=moment - timedelta(days=99))


def test_a_name_that_is_not_ascii_is_an_error(ca: Authority, now: Instant) -> None:
    with pytest.raises(ValueError):
        issue(ca, now, sans=("münchen.example.com",))


def test_a_chain_holds_the_intermediates_and_not_the_root(ca: Authority, now: Instant) -> None:
    second = Authority.create("Lab CA 2", now=now, parent=ca, key="ec256")
    third = Authority.create("Lab CA 3", now=now, parent=second, key="ec256")
    issued = issue(third, now)
    assert issued.chain == (third.certificate, second.certificate)
    assert issued.credential.chain == issued.certificate + third.certificate + second.certificate
    assert issued.without_chain().credential.chain == issued.certificate
    assert issue(ca, now).chain == ()


def test_another_generation_and_another_holder_have_another_key(ca: Authority, now: Instant) -> None:
    one = issue(ca, now)
    assert issue(ca, now).private_key == one.private_key
    assert issue(ca, now, generation=1).private_key != one.private_key
    assert issue(ca, now, holder="CallManager").private_key != one.private_key


def test_a_forged_twin_has_the_name_and_not_the_key(ca: Authority, now: Instant) -> None:
    twin = ca.forged_twin(now=now)
    copied = ca.forged_twin(now=now, same_key_identifier=True)
    assert read(twin.certificate).subject == read(ca.certificate).subject
    assert read(twin.certificate).public_key() != read(ca.certificate).public_key()
    assert twin.key_identifier != ca.key_identifier
    assert copied.key_identifier == ca.key_identifier


CASES = ["ec256", "rsa2048"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
@pytest.mark.interop
@pytest.mark.parametrize("key", CASES)
@pytest.mark.parametrize("purpose", ["sslserver", "sslclient"])
def test_openssl_verifies_good_chains_strictly(tmp_path: Path, now: Instant, key: Any, purpose: str) -> None:
    root = Authority.create("Strict CA", now=now, key=key)
    below = Authority.create("Strict CA 2", now=now, parent=root, key=key)
    leaf = below.issue(CertSpec(common_name="ucm", sans=("ucm",), key=key), now=now)
    own = self_signed(CertSpec(common_name="ucm", sans=("ucm",), key=key), now=now)
    files = {
        "root": root.certificate,
        "below": below.certificate,
        "leaf": leaf.certificate,
        "own": own.certificate,
    }
    for name, pem in files.items():
        (tmp_path / name).write_bytes(pem)

    def verify(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["openssl", "verify", "-no-CAfile", "-no-CApath", "-x509_strict", "-purpose", purpose]
        return subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert verify("-CAfile", "root", "-untrusted", "below", "leaf").stdout == "leaf: OK\n"
    assert "unable to get local issuer certificate" in verify("-CAfile", "root", "leaf").stderr
    assert "unable to get local issuer certificate" in verify("-CAfile", "own", "leaf").stderr
    assert verify("-CAfile", "own", "own").stdout == "own: OK\n"
