"""Maintenance > Security > Trusted CA certificate: what is in the list, and which of it counts.

Of two self-signed certificates with the same subject only one can be used. [documented: CSCun30200, CSCwa12905;
that it is the one uploaded first is assumed]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedCa:
    """One line of the trusted CA list."""

    subject: str
    issuer: str
    valid_until: str
    usable: bool = True
    """False: another self-signed certificate of this subject stands before it."""


def read_file(pem: bytes) -> tuple[bytes, ...]:
    """Return every certificate of an uploaded file. Raises ValueError if there is none."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError("this does not contain a PEM certificate") from None
    return tuple(dict.fromkeys(one.public_bytes(Encoding.PEM) for one in certificates))


@lru_cache(maxsize=1024)
def _read(pem: bytes) -> tuple[str, str, str]:
    """Subject, issuer, end of validity. ValueError for what is no certificate."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise ValueError("this does not contain a PEM certificate") from None
    names = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    return *names, f"{certificate.not_valid_after_utc:%Y-%m-%d}"


def shown(certificates: Iterable[bytes]) -> tuple[TrustedCa, ...]:
    """Return the list as the page shows it. Raises ValueError for what is no certificate."""
    out: list[TrustedCa] = []
    own: set[str] = set()
    for pem in dict.fromkeys(certificates):
        subject, issuer, until = _read(pem)
        hidden = subject == issuer and subject in own
        if subject == issuer:
            own.add(subject)
        out.append(TrustedCa(subject=subject, issuer=issuer, valid_until=until, usable=not hidden))
    return tuple(out)


def usable(certificates: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the certificates by which handshakes are judged."""
    unique = tuple(dict.fromkeys(certificates))
    try:
        return tuple(pem for pem, ca in zip(unique, shown(unique), strict=True) if ca.usable)
    except ValueError:
        return unique  # one cannot be read: the handshake says what is wrong with it
