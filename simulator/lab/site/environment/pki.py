"""The lab's certificates and token keys: authorities by name, and leaves good or bad as the lab file asks for.

A lab that starts over keeps them (`for_next_lab`): clients outside hold copies.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from certs.authority import Authority, IssuedCertificate, self_signed
from certs.keys import private_key
from certs.spec import CertSpec
from certs.stores import NodeStores
from registrar.core.tokens import ClusterKeys
from simulator.core.instant import Instant, to_datetime
from simulator.lab.config.certificates import CertificateConfig

TOMCAT_CA = "tomcat-ca"
EXPRESSWAY_CA = "expressway-ca"

_USAGES: dict[str, frozenset[Literal["server", "client"]] | None] = {
    "both": frozenset({"server", "client"}),
    "server": frozenset({"server"}),
    "client": frozenset({"client"}),
    "none": None,
}

_ENCRYPTION: dict[str, bytes] = {}
"""The encryption keys of this process, by label; `certs.keys` has the other kinds."""


class Pki:
    """Makes the certificates and token keys of a lab, each when it is first asked for."""

    def __init__(self, *, now: Instant) -> None:
        """`now`: the machine's time, by which OpenSSL judges validity whatever the lab's clock says."""
        self._now = now
        self.authorities: dict[str, Authority] = {}
        """Every authority made so far, by name."""
        self._generations: dict[str, int] = {}
        self._issued: dict[tuple[str, CertSpec], IssuedCertificate] = {}
        self._revoked: dict[str, list[IssuedCertificate]] = {}
        self._stores: dict[tuple[str, str], NodeStores] = {}
        self._token_keys: dict[str, ClusterKeys] = {}

    def for_next_lab(self) -> Pki:
        """Return one for a lab that starts over: whatever it asks for again, it gets the same."""
        twin = Pki(now=self._now)
        twin.authorities = self.authorities
        twin._issued, twin._stores, twin._token_keys = self._issued, self._stores, self._token_keys
        return twin

    def authority(self, name: str) -> Authority:
        """Return the authority of this name, made at first use; "a/b" is the intermediate b below a."""
        if name not in self.authorities:
            parent = self.authority(name.rpartition("/")[0]) if "/" in name else None
            self.authorities[name] = Authority.create(name, now=self._now, parent=parent)
        return self.authorities[name]

    def revocation_lists(self, names: list[str]) -> tuple[bytes, ...]:
        """Return a CRL (PEM) of each authority: what it has revoked so far."""
        return tuple(
            self.authority(name).revocation_list(self._revoked.get(name, ()), now=self._now) for name in names
        )

    def bundle(self, names: list[str]) -> tuple[bytes, ...]:
        """Return the certificates of these authorities, PEM, for a trust store."""
        return tuple(self.authority(name).certificate for name in names)

    def issue(
        self,
        config: CertificateConfig,
        *,
        holder: str,
        host: str,
        addresses: tuple[str, ...],
        default_ca: str | Authority,
    ) -> IssuedCertificate:
        """Issue a new certificate, with a key, to `holder`, the owner of `host` and `addresses`."""
        generation = self._generations.get(holder, -1) + 1
        self._generations[holder] = generation
        sans = tuple(dict.fromkeys((host, *addresses)))
        if config.sans is not None:
            sans = tuple(
                san.removeprefix("DNS:").removeprefix("IP:").removeprefix("URI:") for san in config.sans
            )
        moment, day = to_datetime(self._now), timedelta(days=1)
        spec = CertSpec(
            common_name=config.common_name or host,
            sans=sans,
            usages=_USAGES[config.usages],
            not_before={"not_yet": moment + 30 * day, "expired": moment - 60 * day}.get(config.valid),
            not_after=moment - day if config.valid == "expired" else None,
            key=config.key,
            holder=holder,
            generation=generation,
        )
        issuer = config.issuer or default_ca
        name = issuer if isinstance(issuer, str) else issuer.name
        made = (f"{name} (forged)" if config.forged else name, spec)
        if made not in self._issued:
            if issuer == "self":
                self._issued[made] = self_signed(spec, now=self._now)
            else:
                authority = self.authority(issuer) if isinstance(issuer, str) else issuer
                if config.forged:
                    authority = authority.forged_twin(now=self._now)
                self._issued[made] = authority.issue(spec, now=self._now)
        issued = self._issued[made]
        if config.revoked:
            self._revoked.setdefault(name, []).append(issued)
        return issued.without_chain() if config.chain == "leaf_only" else issued

    def node_stores(
        self, name: str, host: str, *, tomcat: IssuedCertificate, lsc_issuer: Authority | None
    ) -> NodeStores:
        """Return the stores of the node `name` as after installation, with the lab's Tomcat certificate."""
        made = (name, host)
        if made not in self._stores:
            self._stores[made] = NodeStores.create(
                host, now=self._now, tomcat=tomcat, lsc_issuer=lsc_issuer, holder=name
            )
        return self._stores[made].with_tomcat(tomcat)

    def token_keys(self, cluster_id: str, *, label: str) -> ClusterKeys:
        """Return the token keys the cluster starts with. `label` names both in the pools of the process, which
        is why two runs of one scenario say the same of them.
        """
        if cluster_id not in self._token_keys:
            signing = private_key(label, "rsa2048")
            assert isinstance(signing, RSAPrivateKey)
            encryption = _ENCRYPTION.setdefault(label, os.urandom(32))
            self._token_keys[cluster_id] = ClusterKeys.create(
                cluster_id,
                signing=signing,
                encryption=encryption,
            )
        return self._token_keys[cluster_id]
