"""The token keys of a lab with a state file, beside it: without them no refresh token outlives a restart.

UCM keeps them in its database; here they have a file of their own, so that no query can show them.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from registrar.core.tokens import ClusterKeys

_LARGEST = 64 * 1024


class KeyFileError(ValueError):
    """The file is not what `save` writes. The text names the file, but nothing of what it holds."""


class KeyFile:
    """The file beside the state file that keeps the token keys."""

    def __init__(self, state: Path) -> None:
        """`state`: the file of the cluster database."""
        self.path = state.with_name(f"{state.name}.authz")

    def load(self, cluster_id: str) -> ClusterKeys | None:
        """Read the keys of this cluster; None: nothing is kept yet. Raises KeyFileError and OSError."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_LARGEST)
        except FileNotFoundError:
            return None
        try:
            held = json.loads(data)
            signing = load_pem_private_key(held["signing"].encode("ascii"), password=None)
            if held["cluster_id"] != cluster_id or not isinstance(signing, RSAPrivateKey):
                raise ValueError("of another cluster, or of another kind")
            encryption = b64decode(held["encryption"], validate=True)
            return ClusterKeys.create(cluster_id, signing=signing, encryption=encryption)
        except (ValueError, LookupError, TypeError, AttributeError, UnsupportedAlgorithm, RecursionError):
            raise KeyFileError(f"{self.path}: not the token keys of this cluster") from None

    def save(self, keys: ClusterKeys) -> None:
        """Write the keys. The file is the owner's alone (0600), and whole or not there. Raises OSError."""
        pem = keys.signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        held = {
            "cluster_id": keys.cluster_id,
            "signing": pem.decode("ascii"),
            "encryption": b64encode(keys.encryption).decode("ascii"),
        }
        new = self.path.with_name(f"{self.path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(held, file)
        new.replace(self.path)
