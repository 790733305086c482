"""The certificate stores of a UCM node and of an Expressway, under the names their administrators know.

A store is a value: installing or regenerating a certificate makes a new one, and a service that loaded the old
one keeps it until it is restarted (architecture 5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from certs.authority import Authority, Issued, self_signed
from certs.spec import CertSpec, KeyKind
from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStores:
    """The stores of one UCM node: `tomcat`, `tomcat-trust`, `CallManager`, `CallManager-trust`, CAPF."""

    tomcat: Issued
    """What 8443, 5090 and 5091 present. [documented: administration guide 15, certificate table]"""
    tomcat_trust: tuple[bytes, ...] = ()
    """CA certificates (PEM) an Expressway-C must be signed by. [documented]"""
    callmanager: Issued
    callmanager_trust: tuple[bytes, ...] = ()
    lsc_issuer: Authority
    """CAPF, which signs the phones' locally significant certificates."""

    @classmethod
    def create(
        cls,
        host: str,
        *,
        now: Instant,
        addresses: Iterable[str] = (),
        tomcat: Issued | None = None,
        tomcat_ca: Authority | None = None,
        lsc_issuer: Authority | None = None,
        holder: str | None = None,
        key: KeyKind = "rsa2048",
    ) -> NodeStores:
        """Fresh stores of a node: certificates self-signed, Tomcat's signed by `tomcat_ca` if there is one.

        `addresses` are further names in the Tomcat certificate's SAN, e.g. the lab's "127.0.0.1"; `tomcat` and
        `lsc_issuer` are what the node has already. `holder`: of the keys, instead of the host.
        """
        holder = holder or host
        if tomcat is None:
            sans = tuple(dict.fromkeys((host, *addresses)))
            spec = CertSpec(common_name=host, sans=sans, key=key, holder=f"{holder}/tomcat")
            tomcat = tomcat_ca.issue(spec, now=now) if tomcat_ca else self_signed(spec, now=now)
        callmanager = self_signed(
            CertSpec(common_name=host, sans=(host,), key=key, holder=f"{holder}/CallManager"), now=now
        )
        capf = lsc_issuer or Authority.create(f"CAPF-{host}", now=now, key=key, holder=f"{holder}/CAPF")
        return cls(
            tomcat=tomcat,
            tomcat_trust=((tomcat_ca.certificate, *tomcat_ca.chain) if tomcat_ca else (tomcat.certificate,)),
            callmanager=callmanager,
            callmanager_trust=(callmanager.certificate, capf.certificate),
            lsc_issuer=capf,
        )

    def with_tomcat(self, tomcat: Issued) -> NodeStores:
        return replace(self, tomcat=tomcat)

    def regenerated_tomcat(self, *, now: Instant, ca: Authority | None = None) -> NodeStores:
        """`set cert regen tomcat`: a new key and certificate of the same names; self-signed unless `ca`."""
        spec = replace(
            self.tomcat.spec, generation=self.tomcat.spec.generation + 1, not_before=None, not_after=None
        )
        tomcat = ca.issue(spec, now=now) if ca else self_signed(spec, now=now)
        own = () if ca else (tomcat.certificate,)
        return replace(self, tomcat=tomcat, tomcat_trust=_joined(self.tomcat_trust, own))

    def trusting(self, *certificates: bytes) -> NodeStores:
        """With CA certificates uploaded to tomcat-trust."""
        return replace(self, tomcat_trust=_joined(self.tomcat_trust, certificates))

    def distrusting(self, *certificates: bytes) -> NodeStores:
        """With certificates deleted from tomcat-trust."""
        return replace(self, tomcat_trust=tuple(c for c in self.tomcat_trust if c not in certificates))

    def write(self, folder: Path) -> None:
        """Writes one PEM file a store; private keys have mode 0600 from the moment they exist."""
        _write_issued(folder, "tomcat", self.tomcat)
        _write_trust(folder / "tomcat-trust", self.tomcat_trust)
        _write_issued(folder, "CallManager", self.callmanager)
        _write_trust(folder / "CallManager-trust", self.callmanager_trust)
        _write_public(folder / "CAPF.pem", self.lsc_issuer.certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpresswayStores:
    """An Expressway's server certificate and its trusted CA list."""

    server: Issued
    trusted_cas: tuple[bytes, ...] = ()

    def trusting(self, *certificates: bytes) -> ExpresswayStores:
        return replace(self, trusted_cas=_joined(self.trusted_cas, certificates))

    def distrusting(self, *certificates: bytes) -> ExpresswayStores:
        return replace(self, trusted_cas=tuple(c for c in self.trusted_cas if c not in certificates))

    def write(self, folder: Path) -> None:
        _write_issued(folder, "server", self.server)
        _write_trust(folder / "trusted-ca", self.trusted_cas)


def write_private(path: Path, pem: bytes) -> None:
    """Writes `pem` to a file that has mode 0600 before it has content, whatever was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)


def _write_public(path: Path, pem: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pem)


def _write_issued(folder: Path, name: str, issued: Issued) -> None:
    _write_public(folder / f"{name}.pem", issued.credential.chain)
    write_private(folder / f"{name}.key", issued.private_key)


def _write_trust(folder: Path, certificates: tuple[bytes, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.pem"):
        if re.fullmatch(r"\d{3}\.pem", old.name):
            old.unlink()
    for number, pem in enumerate(certificates, start=1):
        _write_public(folder / f"{number:03d}.pem", pem)


def _joined(held: tuple[bytes, ...], added: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*held, *added)))
