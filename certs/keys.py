"""The process-wide key pool: one private key per (label, kind), made when first asked for.

Making an RSA key costs far more than everything else in this package, and a test run builds many labs with
the same names in them. Different labels never share a key; the pool lives in memory only and is never written.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certs.spec import KeyKind

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_pool: dict[tuple[str, KeyKind], PrivateKey] = {}


def private_key(label: str, kind: KeyKind) -> PrivateKey:
    """Return the process's key for `label`; the same object each time."""
    key = _pool.get((label, kind))
    if key is None:
        # setdefault: two threads that race make two keys, but both get the same one.
        key = _pool.setdefault((label, kind), _generate(kind))
    return key


def _generate(kind: KeyKind) -> PrivateKey:
    if kind == "ec256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048 if kind == "rsa2048" else 1024)


def private_pem(key: PrivateKey) -> bytes:
    """Render a key as PKCS #8, unencrypted, PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
