"""The cluster's two token keys (oauth-tokens 4): one RSA pair that signs, one secret that encrypts.

`ClusterKeys` is what the publisher holds; `ValidationKeys` is what one service loaded when it started, so that
"regenerated here, still the old ones there" needs no special case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Self
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import OctKey

RSA_BITS = 2048
"""[observed: the published signature has 256 bytes]"""
CEK_BYTES = 32
"""A128CBC-HS256 takes a 256-bit key (RFC 7518 5.2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationKeys:
    """What a node needs to judge a token. The content encryption key is a secret and never printed."""

    cluster_id: str
    signing_key: RSAPublicKey = field(repr=False)
    signing_kid: str
    encryption_key: bytes = field(repr=False)
    encryption_kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterKeys:
    """Exactly one live key of each kind, no grace period [documented: oauth-tokens 4]. Build with `create`."""

    cluster_id: str
    """UUID, lower case; also the tokens' issuer [observed]."""
    signing: RSAPrivateKey = field(repr=False)
    signing_hash: str
    """64 hex digits: what `show key authz signing` prints."""
    encryption: bytes = field(repr=False)
    encryption_hash: str
    """64 hex digits: what `show key authz encryption` prints."""

    @classmethod
    def create(
        cls,
        cluster_id: UUID | str,
        *,
        signing: RSAPrivateKey | None = None,
        encryption: bytes | None = None,
    ) -> Self:
        """Make new keys, or take the given ones; an RSA key takes about a tenth of a second.

        Raises ValueError for a cluster id that is no UUID, an RSA key under 2048 bits or an encryption key that
        has not exactly 32 bytes.
        """
        signing = _usable_signing(signing)
        encryption = _usable_encryption(encryption)
        return cls(
            cluster_id=str(UUID(str(cluster_id))),
            signing=signing,
            signing_hash=_signing_hash(signing.public_key()),
            encryption=encryption,
            encryption_hash=_encryption_hash(encryption),
        )

    def with_new_signing(self, signing: RSAPrivateKey | None = None) -> Self:
        """Return the keys after `set key regen authz signing`."""
        signing = _usable_signing(signing)
        return replace(self, signing=signing, signing_hash=_signing_hash(signing.public_key()))

    def with_new_encryption(self, encryption: bytes | None = None) -> Self:
        """Return the keys after `set key regen authz encryption`."""
        encryption = _usable_encryption(encryption)
        return replace(self, encryption=encryption, encryption_hash=_encryption_hash(encryption))

    @property
    def signing_kid(self) -> str:
        """The kid of the live signing key."""
        return f"{self.cluster_id}:{self.signing_hash}"

    @property
    def encryption_kid(self) -> str:
        """The kid of the live encryption key."""
        return f"{self.cluster_id}:{self.encryption_hash}"

    @property
    def public(self) -> ValidationKeys:
        """What a service that loads the keys now will know."""
        return ValidationKeys(
            cluster_id=self.cluster_id,
            signing_key=self.signing.public_key(),
            signing_kid=self.signing_kid,
            encryption_key=self.encryption,
            encryption_kid=self.encryption_kid,
        )


def _usable_signing(key: RSAPrivateKey | None) -> RSAPrivateKey:
    key = key or generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    if key.key_size < RSA_BITS:
        raise ValueError(f"a token signing key needs at least {RSA_BITS} bits, this one has {key.key_size}")
    return key


def _usable_encryption(key: bytes | None) -> bytes:
    if key is None:
        key = OctKey.generate_key(8 * CEK_BYTES).raw_value
    if len(key) != CEK_BYTES:
        raise ValueError(f"a token encryption key has {CEK_BYTES} bytes, this one has {len(key)}")
    return key


# What the 64 hex digits of a kid hash exactly is not known [assumed: oauth-tokens 1.1, 11 question 6].


def _signing_hash(key: RSAPublicKey) -> str:
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _encryption_hash(key: bytes) -> str:
    return sha256(key).hexdigest()
