"""Both networks, one after the other, for the same cases."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from certs.authority import Authority, IssuedCertificate
from certs.spec import CertSpec
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.settings import TlsVersion
from simulator.memory.network import MemoryNetwork
from tests.drivers.bench import Bench

NOW = Instant(time.time())


class Hosts:
    """What the memory network asks of a lab: every address is its own name."""

    def resolve(self, host: str) -> str | None:
        return host if host[:1].isdigit() else None

    def address(self, name: str) -> str:
        return "10.0.0.1"


@pytest.fixture(params=["sockets", "memory"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    flows = FlowIds()
    if request.param == "memory":
        manual = ManualClock(NOW)
        log = EventLog(manual)
        memory = MemoryNetwork(log=log, clock=manual, flows=flows, hosts=Hosts(), real_now=NOW)
        yield Bench(memory, log, manual, flows, host="192.0.2.1", virtual=True)
        return
    clock = ShiftClock()
    log = EventLog(clock)
    driver = Driver(log, clock, flows)
    yield Bench(driver, log, clock, flows, host="127.0.0.1", virtual=False)
    await driver.shut_down()


@pytest.fixture(params=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> TlsVersion:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def ca() -> Authority:
    return Authority.create("Lab CA", now=NOW, key="ec256")


@pytest.fixture(scope="session")
def foreign_ca() -> Authority:
    return Authority.create("A CA nobody trusts", now=NOW, key="ec256")


@pytest.fixture(scope="session")
def node(ca: Authority) -> IssuedCertificate:
    return ca.issue(CertSpec(common_name="ucm", sans=("ucm", "127.0.0.1", "192.0.2.1"), key="ec256"), now=NOW)
