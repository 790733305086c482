"""One cluster, one attacker and one validator for all token tests: RSA keys are slow to make."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from registrar.core.tokens import AccessClaims, ClusterKeys, Forge, SubjectStatus, TokenPolicy, TokenValidator
from simulator.core.instant import Instant

CLUSTER = UUID("8d0d5324-f4f0-4b0b-811e-4a59fdb6b722")
USERS: dict[str, SubjectStatus] = {"bob": "active", "alice": "active", "former": "inactive"}


@pytest.fixture(scope="session")
def now() -> Instant:
    return Instant(1_780_000_000.0)


@pytest.fixture(scope="session")
def keys() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER)


@pytest.fixture(scope="session")
def attacker() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER)


@pytest.fixture(scope="session")
def forge(keys: ClusterKeys, attacker: ClusterKeys, now: Instant) -> Forge:
    claims = AccessClaims(subject="bob", tid=UUID(int=7), issued_at=now)
    return Forge(keys, claims, now, attacker=attacker)


@pytest.fixture(scope="session")
def policy() -> TokenPolicy:
    return TokenPolicy(issuer=str(CLUSTER))


@pytest.fixture(scope="session")
def new_validator(keys: ClusterKeys, policy: TokenPolicy, forge: Forge) -> Callable[[], TokenValidator]:
    def make() -> TokenValidator:
        return TokenValidator(
            keys.public,
            policy,
            lambda sub: USERS.get(sub, "unknown"),
            revoked=lambda tid: tid == forge.revoked_tid,
        )

    return make


@pytest.fixture(scope="session")
def validator(new_validator: Callable[[], TokenValidator]) -> TokenValidator:
    return new_validator()
