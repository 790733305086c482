"""The certificate stores of a UCM node, under the names its administrators know.

A store is a value: installing or regenerating a certificate makes a new one, and a service that loaded the old
one keeps it until it is restarted (architecture 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from certs.authority import Authority, IssuedCertificate, self_signed
from certs.spec import CertSpec, KeyKind
from simulator.core.instant import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStores:
    """The stores of one UCM node: `tomcat`, `tomcat-trust`, `CallManager`, `CallManager-trust`, CAPF."""

    tomcat: IssuedCertificate
    """What 8443, 5090 and 5091 present. [documented: administration guide 15, certificate table]"""
    tomcat_trust: tuple[bytes, ...] = ()
    """CA certificates (PEM) an Expressway-C must be signed by. [documented]"""
    callmanager: IssuedCertificate
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
        tomcat: IssuedCertificate | None = None,
        tomcat_ca: Authority | None = None,
        lsc_issuer: Authority | None = None,
        holder: str | None = None,
        key: KeyKind = "rsa2048",
    ) -> NodeStores:
        """Make a new node's stores: certificates self-signed, Tomcat's signed by `tomcat_ca` if there is one.

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

    def with_tomcat(self, tomcat: IssuedCertificate) -> NodeStores:
        """Return these stores with another certificate for Tomcat; what is trusted stays."""
        return replace(self, tomcat=tomcat)

    def regenerated_tomcat(self, *, now: Instant, ca: Authority | None = None) -> NodeStores:
        """Return what `set cert regen tomcat` makes: a new key and certificate of the same names.

        Self-signed, and then trusted in tomcat-trust, unless `ca` signs it.
        """
        spec = replace(
            self.tomcat.spec, generation=self.tomcat.spec.generation + 1, not_before=None, not_after=None
        )
        tomcat = ca.issue(spec, now=now) if ca else self_signed(spec, now=now)
        own = () if ca else (tomcat.certificate,)
        return replace(self, tomcat=tomcat, tomcat_trust=_joined(self.tomcat_trust, own))


def _joined(held: tuple[bytes, ...], added: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*held, *added)))
