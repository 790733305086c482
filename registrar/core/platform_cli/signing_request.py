"""Certificate signing requests of a node, and the certificates that CAs make of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.authority import IssuedCertificate
from certs.identity import of_certificate
from certs.keys import PrivateKey, private_key, private_pem
from certs.spec import CertSpec, san_address, san_kind
from registrar.core.platform_cli.administration import AdministrationRefused

_CHAIN = 8
"""Certificates a chain has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """A certificate signing request with its key, until its certificate is imported."""

    spec: CertSpec
    pem: bytes
    key: PrivateKey = field(repr=False)

    @classmethod
    def create(cls, current: IssuedCertificate, number: int) -> SigningRequest:
        """Make a request with a new key for the names of `current`; `number` distinguishes the keys of one
        holder.
        """
        spec = replace(current.spec, not_before=None, not_after=None)
        key = private_key(f"csr/{spec.holder or spec.common_name}#{number}", spec.key)
        common_name = [] if spec.common_name is None else [_common_name(spec.common_name)]
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(common_name))
        if spec.sans:
            names_extension = x509.SubjectAlternativeName([_general_name(san) for san in spec.sans])
            builder = builder.add_extension(names_extension, critical=False)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return cls(spec=spec, pem=builder.sign(key, SHA256()).public_bytes(Encoding.PEM), key=key)

    def answered(self, certificate: x509.Certificate, trusted: Iterable[bytes]) -> IssuedCertificate:
        """Return the certificate that a CA made of it, with the chain that leads to a trusted root.

        Raises AdministrationRefused if it is of another key or its issuer is not trusted. [documented: the CA's
        certificate is to be uploaded to the trust store first]
        """
        if certificate.public_key() != self.key.public_key():
            raise AdministrationRefused("The certificate does not match the Certificate Sign Request")
        chain = _chain(certificate, [x509.load_pem_x509_certificate(pem) for pem in trusted])
        return IssuedCertificate(
            spec=self.spec,
            certificate=certificate.public_bytes(Encoding.PEM),
            private_key=private_pem(self.key),
            chain=tuple(each.public_bytes(Encoding.PEM) for each in chain if each.issuer != each.subject),
            identity=of_certificate(certificate),
        )


def _chain(certificate: x509.Certificate, trusted: list[x509.Certificate]) -> list[x509.Certificate]:
    chain: list[x509.Certificate] = []
    last = certificate
    while last.issuer != last.subject and len(chain) < _CHAIN:
        issuer = next((each for each in trusted if _signed(last, each)), None)
        if issuer is None:
            break
        chain.append(issuer)
        last = issuer
    if not chain:
        raise AdministrationRefused("CA certificate is not available in the trust-store")
    return chain


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _common_name(name: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COMMON_NAME, name)


def _general_name(san: str) -> x509.GeneralName:
    kind = san_kind(san)
    if kind == "ip":
        return x509.IPAddress(san_address(san))
    return x509.UniformResourceIdentifier(san) if kind == "uri" else x509.DNSName(san)
