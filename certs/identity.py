"""Reads what a certificate says about its holder from DER: the `identify` that TLS sessions are given."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.core.instant import Instant
from simulator.core.tls.identity import PeerIdentity


@lru_cache(maxsize=1024)
def read(der: bytes) -> PeerIdentity:
    """Read the names of a DER certificate, and remember them, since many phones meet one server.

    Raises ValueError if `der` is no certificate or its extensions cannot be read.
    """
    return of_certificate(x509.load_der_x509_certificate(der))


def of_certificate(certificate: x509.Certificate) -> PeerIdentity:
    """Read the names of a certificate, as TLS peers are known by them."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    sans = _sans(certificate)
    return PeerIdentity(
        common_name=_text(names[0].value) if names else None,
        dns_names=tuple(san.value for san in sans if isinstance(san, x509.DNSName)),
        uris=tuple(san.value for san in sans if isinstance(san, x509.UniformResourceIdentifier)),
        ip_addresses=tuple(str(san.value) for san in sans if isinstance(san, x509.IPAddress)),
        issuer=certificate.issuer.rfc4514_string(),
        serial=certificate.serial_number,
        not_before=Instant(certificate.not_valid_before_utc.timestamp()),
        not_after=Instant(certificate.not_valid_after_utc.timestamp()),
        fingerprint_sha256=certificate.fingerprint(SHA256()).hex(),
        usages=_usages(certificate),
    )


@lru_cache(maxsize=256)
def of_chain(pem: bytes) -> PeerIdentity:
    """Read the names of the first certificate of a PEM chain. Raises ValueError as `read` does."""
    return of_certificate(x509.load_pem_x509_certificate(pem))


@lru_cache(maxsize=256)
def subjects_of(bundle: bytes) -> tuple[str, ...]:
    """Return the subjects of PEM certificates, RFC 4514 text. ValueError as `read`."""
    return tuple(found.subject.rfc4514_string() for found in x509.load_pem_x509_certificates(bundle))


def _sans(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return ()


_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}


def _usages(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(_USAGES.get(usage, usage.dotted_string) for usage in usages)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
