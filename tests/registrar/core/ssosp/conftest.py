"""Fixtures: one pair of token keys for all tests, a fresh cluster for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registrar.core.ssosp import EnterpriseParameters, Settings
from registrar.core.tokens import ClusterKeys
from tests.registrar.core.ssosp.bench import CLUSTER, Bench


@pytest.fixture(scope="session")
def cluster_keys() -> ClusterKeys:
    return ClusterKeys.create(CLUSTER)


@pytest.fixture
def parameters() -> EnterpriseParameters:
    return EnterpriseParameters()


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def bench(cluster_keys: ClusterKeys, parameters: EnterpriseParameters, settings: Settings) -> Bench:
    return Bench(cluster_keys, parameters, settings)


@pytest.fixture
def new_bench(cluster_keys: ClusterKeys) -> Callable[..., Bench]:
    def make(*, settings: Settings | None = None, **parameters: Any) -> Bench:
        return Bench(cluster_keys, EnterpriseParameters(**parameters), settings or Settings())

    return make
