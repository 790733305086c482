"""Certificates, keys and tokens of one run: made fresh, real, and handed to the server process as JSON."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from benchmarks.messages import NODE, PhoneId
from certs.authority import Authority, IssuedCertificate
from certs.contexts import client_context
from certs.spec import CertSpec
from registrar.core.tokens.claims import AccessClaims
from registrar.core.tokens.keys import ClusterKeys
from registrar.core.tokens.mint import mint_access
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientAuth, ClientTls, Credential, ServerTls

EXPRESSWAY = "expc.example.com"
_WORTH_A_POOL = 1_500
"""Tokens; below, starting worker processes costs more than they save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    tomcat: IssuedCertificate
    tomcat_issuer: bytes
    expressway: IssuedCertificate
    expressway_issuer: bytes
    keys: ClusterKeys

    @classmethod
    def create(cls) -> Material:
        now = Instant(time.time())
        tomcat_ca = Authority.create("Benchmark Tomcat CA", now=now)
        expressway_ca = Authority.create("Benchmark Expressway CA", now=now)
        return cls(
            tomcat=tomcat_ca.issue(CertSpec(common_name=NODE, sans=(NODE, "127.0.0.1")), now=now),
            tomcat_issuer=tomcat_ca.certificate,
            expressway=expressway_ca.issue(CertSpec(common_name=EXPRESSWAY, sans=(EXPRESSWAY,)), now=now),
            expressway_issuer=expressway_ca.certificate,
            keys=ClusterKeys.create(uuid4()),
        )

    def client(self, *, mutual: bool = False) -> ssl.SSLContext:
        """TLS 1.2, as UCM's SIP listeners; the server's chain and name are verified, as a phone does."""
        return client_context(
            ClientTls(
                server_name=NODE,
                trust=(self.tomcat_issuer,),
                credential=self.expressway.credential if mutual else None,
                maximum="1.2",
            )
        )

    def to_job(self) -> dict[str, object]:
        """For the server process: PEM text and hex, on its standard input only."""
        tomcat = self.tomcat.credential
        return {
            "chain": tomcat.chain.decode(),
            "private_key": tomcat.private_key.decode(),
            "client_issuer": self.expressway_issuer.decode(),
            "cluster": self.keys.cluster_id,
            "signing": signing_pem(self.keys),
            "encryption": self.keys.encryption.hex(),
            "public_key": self.public_key_pem,
        }

    @property
    def public_key_pem(self) -> str:
        public = self.keys.signing.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def mint(self, phones: Sequence[PhoneId]) -> list[str]:
        """A fresh access token for each, about 2 kB; on all cores when there are many."""
        if len(phones) < _WORTH_A_POOL:
            return _mint(self.keys, phones)
        workers = os.cpu_count() or 1
        slices = [phones[number::workers] for number in range(workers)]
        source = self.keys.cluster_id, signing_pem(self.keys), self.keys.encryption.hex()
        tokens = [""] * len(phones)
        with ProcessPoolExecutor(workers) as pool:
            for number, part in enumerate(pool.map(_mint_elsewhere, [source] * workers, slices)):
                tokens[number::workers] = part
        return tokens


def server_tls(job: dict[str, str], *, mutual: bool = False) -> ServerTls:
    return ServerTls(
        credential=Credential(job["chain"].encode(), job["private_key"].encode()),
        client_auth=ClientAuth.REQUIRED if mutual else ClientAuth.NONE,
        trust=(job["client_issuer"].encode(),) if mutual else (),
    )


def signing_pem(keys: ClusterKeys) -> str:
    return keys.signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def load_keys(cluster: str, signing: str, encryption: str) -> ClusterKeys:
    key = load_pem_private_key(signing.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return ClusterKeys.create(cluster, signing=key, encryption=bytes.fromhex(encryption))


def _mint(keys: ClusterKeys, phones: Sequence[PhoneId]) -> list[str]:
    now = Instant(time.time())
    return [mint_access(keys, AccessClaims(subject=phone.user, tid=uuid4(), issued_at=now)) for phone in phones]


def _mint_elsewhere(source: tuple[str, str, str], phones: Sequence[PhoneId]) -> list[str]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    return _mint(load_keys(*source), phones)
