from __future__ import annotations

from collections.abc import AsyncIterator

import asyncssh
import pytest

from registrar.aio.platform_ssh import PlatformSsh, host_keys
from simulator.core.actor.flow import Address
from tests.registrar.core.platform_cli.cli_bench import PUBLISHER, Bench


@pytest.fixture(scope="session")
def keys() -> list[asyncssh.SSHKey]:
    return host_keys(PUBLISHER)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def ssh(bench: Bench, keys: list[asyncssh.SSHKey]) -> AsyncIterator[PlatformSsh]:
    async with PlatformSsh(bench.publisher, bench.clock, Address("127.0.0.1", 0), keys=keys) as ssh:
        yield ssh
