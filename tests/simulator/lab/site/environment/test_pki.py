"""The certificates of a lab: good by default, and bad in the one way that its file asks for."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from certs.authority import IssuedCertificate
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.site.environment.pki import Pki
from tests.simulator.lab.site.bench import pki

CLUSTER = "0d8c1b2e-4b0f-4a6c-9d53-6f6d8f1f6a10"


@pytest.fixture
def lab() -> Pki:
    return pki().for_next_lab()


def issued(lab: Pki, config: CertificateConfig | None = None, **fields: object) -> IssuedCertificate:
    return lab.issue(
        config or CertificateConfig.model_validate(fields),
        holder="node/tomcat",
        host="node.lab.example",
        addresses=("192.0.2.1",),
        default_ca="tomcat-ca",
    )


def test_a_certificate_names_its_host_and_addresses(lab: Pki) -> None:
    assert issued(lab).identity.names == ("node.lab.example", "192.0.2.1")


def test_names_of_the_file_take_the_place_of_both(lab: Pki) -> None:
    names = issued(lab, common_name="other", sans=["DNS:a.example", "IP:192.0.2.9"]).identity.names
    assert names == ("other", "a.example", "192.0.2.9")


def test_an_intermediate_is_named_below_its_root_and_sent_along_unless_told_not_to(lab: Pki) -> None:
    whole = issued(lab, issuer="root-ca/issuing")
    assert whole.credential.chain.count(b"BEGIN CERTIFICATE") == 2
    alone = issued(lab, issuer="root-ca/issuing", chain="leaf_only")
    assert alone.credential.chain.count(b"BEGIN CERTIFICATE") == 1


def test_a_forged_certificate_has_the_issuers_name_but_not_its_signature(lab: Pki) -> None:
    authority = x509.load_pem_x509_certificate(lab.authority("tomcat-ca").certificate)
    good = x509.load_pem_x509_certificate(issued(lab).certificate)
    forged = x509.load_pem_x509_certificate(issued(lab, forged=True).certificate)
    assert good.issuer == forged.issuer == authority.subject
    good.verify_directly_issued_by(authority)
    with pytest.raises(InvalidSignature):
        forged.verify_directly_issued_by(authority)


def test_what_is_revoked_is_on_its_issuers_list(lab: Pki) -> None:
    bad = x509.load_pem_x509_certificate(issued(lab, revoked=True).certificate)
    (crl,) = lab.revocation_lists(["tomcat-ca"])
    listed = x509.load_pem_x509_crl(crl)
    assert listed.get_revoked_certificate_by_serial_number(bad.serial_number) is not None


def test_a_renewed_certificate_is_another_one(lab: Pki) -> None:
    assert issued(lab).certificate != issued(lab).certificate


def test_a_lab_that_starts_over_gets_the_same_certificates_and_keys(lab: Pki) -> None:
    first = [issued(lab).certificate for _ in range(2)]
    again = lab.for_next_lab()
    assert [issued(again).certificate for _ in range(2)] == first
    assert again.token_keys(CLUSTER, label="x") is lab.token_keys(CLUSTER, label="x")
    assert again.authorities is lab.authorities
