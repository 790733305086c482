from __future__ import annotations

import time

import pytest

from certs.authority import Authority
from simulator.core.instant import Instant


@pytest.fixture(scope="session")
def now() -> Instant:
    return Instant(time.time())


@pytest.fixture(scope="session")
def ca(now: Instant) -> Authority:
    return Authority.create("Lab CA", now=now, key="ec256")
