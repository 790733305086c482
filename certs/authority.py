"""Authorities and the certificates they issue, chains of any depth, and a forged twin of an authority.

`now` is real time: OpenSSL judges validity by the machine's clock, so a certificate that shall be good must be
issued around it, and an expired one is made by issuing, never by turning a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.identity import of_certificate
from certs.keys import PrivateKey, private_key, private_pem
from certs.spec import CertSpec, KeyKind, san_address, san_kind
from simulator.core.instant import Instant, to_datetime
from simulator.core.tls.identity import PeerIdentity
from simulator.core.tls.settings import Credential

_DAY = timedelta(days=1)
_YEAR = 365 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A leaf certificate with its private key and the chain it is sent with."""

    spec: CertSpec
    certificate: bytes
    """PEM."""
    private_key: bytes = field(repr=False)
    """PEM, PKCS #8, unencrypted."""
    chain: tuple[bytes, ...] = ()
    """The leaf's issuers without the root, nearest first, PEM."""
    identity: PeerIdentity

    @property
    def credential(self) -> Credential:
        """Leaf and chain, as a TLS end presents them."""
        return Credential(b"".join((self.certificate, *self.chain)), self.private_key)

    def without_chain(self) -> IssuedCertificate:
        """Return the same leaf sent alone: a peer that only trusts the root then lacks the intermediate."""
        return replace(self, chain=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A certification authority: its certificate, its key, and the chain above it."""

    name: str
    certificate: bytes
    """PEM."""
    chain: tuple[bytes, ...]
    """What its leaves are sent with: itself and its issuers without the root; empty for a root."""
    key: PrivateKey = field(repr=False)
    key_identifier: bytes
    """The subject key identifier its leaves name as their authority's."""

    @classmethod
    def create(
        cls,
        name: str,
        *,
        now: Instant,
        parent: Authority | None = None,
        key: KeyKind = "rsa2048",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        generation: int = 0,
        holder: str | None = None,
    ) -> Authority:
        """Make a root, or an intermediate of `parent`; valid from a day before `now` for ten years unless told.

        `holder`: of the key, instead of the name.
        """
        own_key = private_key(f"ca/{holder or name}#{generation}", key)
        return cls._make(name, own_key, None, parent, now, not_before, not_after)

    def forged_twin(self, *, now: Instant, same_key_identifier: bool = False) -> Authority:
        """Return a root of the same subject name with another key.

        A verifier that holds the real one finds no issuer ("unable to get local issuer certificate"); with
        `same_key_identifier` it takes the real one for the issuer, and the signature fails.
        """
        key: KeyKind = "ec256" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "rsa2048"
        forged_key = private_key(f"ca/{self.name} (forged)", key)
        identifier = self.key_identifier if same_key_identifier else None
        return self._make(self.name, forged_key, identifier, None, now, None, None)

    @classmethod
    def _make(
        cls,
        name: str,
        key: PrivateKey,
        key_identifier: bytes | None,
        parent: Authority | None,
        now: Instant,
        not_before: datetime | None,
        not_after: datetime | None,
    ) -> Authority:
        subject = _subject(name)
        identifier = key_identifier or x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
        moment = to_datetime(now)
        builder = _builder(
            subject=subject,
            issuer=_subject(parent.name) if parent else subject,
            key=key,
            not_before=not_before or moment - _DAY,
            not_after=not_after or moment + 10 * _YEAR,
            key_identifier=identifier,
            authority_key_identifier=parent.key_identifier if parent else identifier,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(sign=True, certificates=True, crls=True), critical=True)
        certificate = builder.sign(parent.key if parent else key, SHA256())
        pem = certificate.public_bytes(Encoding.PEM)
        return cls(
            name=name,
            certificate=pem,
            chain=(pem, *parent.chain) if parent else (),
            key=key,
            key_identifier=identifier,
        )

    def revocation_list(self, revoked: Iterable[IssuedCertificate], *, now: Instant) -> bytes:
        """Return a CRL, PEM, that lists the certificates of `revoked` and is good for a week (RFC 5280 5)."""
        moment = to_datetime(now)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_subject(self.name))
            .last_update(moment - _DAY)
            .next_update(moment + 7 * _DAY)
            .add_extension(x509.AuthorityKeyIdentifier(self.key_identifier, None, None), critical=False)
        )
        for issued in revoked:
            serial = x509.load_pem_x509_certificate(issued.certificate).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment - _DAY)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def issue(self, spec: CertSpec, *, now: Instant) -> IssuedCertificate:
        """Issue a certificate.

        Raises ValueError if the spec cannot be one (a name not ASCII, dates reversed).
        """
        key = _leaf_key(spec)
        builder = _leaf_builder(spec, key, _subject(self.name), self.key_identifier, now)
        builder = builder.add_extension(
            _key_usage(sign=True, encipher=not isinstance(key, ec.EllipticCurvePrivateKey)), critical=True
        )
        return _issued(spec, builder.sign(self.key, SHA256()), key, self.chain)


def self_signed(spec: CertSpec, *, now: Instant) -> IssuedCertificate:
    """Make a leaf that is its own root, as UCM does at installation: who trusts it holds this very one.

    It carries keyCertSign, as UCM's do. [assumed: seen in published certificate dumps]
    """
    key = _leaf_key(spec)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    builder = _leaf_builder(spec, key, _subject(spec.common_name), identifier, now)
    encipher = not isinstance(key, ec.EllipticCurvePrivateKey)
    builder = builder.add_extension(_key_usage(sign=True, encipher=encipher, certificates=True), critical=True)
    return _issued(spec, builder.sign(key, SHA256()), key, ())


def _issued(
    spec: CertSpec, certificate: x509.Certificate, key: PrivateKey, chain: tuple[bytes, ...]
) -> IssuedCertificate:
    return IssuedCertificate(
        spec=spec,
        certificate=certificate.public_bytes(Encoding.PEM),
        private_key=private_pem(key),
        chain=chain,
        identity=of_certificate(certificate),
    )


def _leaf_key(spec: CertSpec) -> PrivateKey:
    holder = spec.holder or ",".join((spec.common_name or "", *spec.sans))
    return private_key(f"leaf/{holder}#{spec.generation}", spec.key)


def _leaf_builder(
    spec: CertSpec, key: PrivateKey, issuer: x509.Name, authority_key_identifier: bytes, now: Instant
) -> x509.CertificateBuilder:
    moment = to_datetime(now)
    subject = _subject(spec.common_name)
    builder = _builder(
        subject=subject,
        issuer=issuer,
        key=key,
        not_before=spec.not_before or moment - _DAY,
        not_after=spec.not_after or moment + 5 * _YEAR,
        key_identifier=x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest,
        authority_key_identifier=authority_key_identifier,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if spec.sans:
        names = x509.SubjectAlternativeName([_general_name(san) for san in spec.sans])
        builder = builder.add_extension(names, critical=spec.common_name is None)
    if spec.usages is not None:
        # An extension must name at least one purpose: emailProtection stands for "neither of ours".
        purposes = [_PURPOSES[usage] for usage in sorted(spec.usages)] or [ExtendedKeyUsageOID.EMAIL_PROTECTION]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder


_PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


def _builder(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    not_before: datetime,
    not_after: datetime,
    key_identifier: bytes,
    authority_key_identifier: bytes,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(authority_key_identifier, None, None), critical=False)
    )


def _subject(common_name: str | None) -> x509.Name:
    if common_name is None:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(san: str) -> x509.GeneralName:
    kind = san_kind(san)
    if kind == "ip":
        return x509.IPAddress(san_address(san))
    return x509.UniformResourceIdentifier(san) if kind == "uri" else x509.DNSName(san)


def _key_usage(
    *, sign: bool, encipher: bool = False, certificates: bool = False, crls: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=encipher,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=crls,
        encipher_only=False,
        decipher_only=False,
    )
