"""Patience: how long the driver waits for what does not come, and what it says when that was in vain."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simulator.aio import patience as patience_module
from simulator.aio.clock import ShiftClock
from simulator.aio.driver import Driver
from simulator.aio.patience import DEFAULT, VARIABLE, Patience, machine_load
from simulator.core.actor.flow import Address
from simulator.core.events import PatienceEnded
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowIds
from simulator.core.tls.settings import ClientTls


async def never() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [0.01, 0.25])
async def test_patience_ends_if_nothing_comes(seconds: float) -> None:
    began = asyncio.get_running_loop().time()
    assert not await Patience(seconds).outlasts(never)
    assert asyncio.get_running_loop().time() - began >= seconds


async def test_patience_does_not_end_before_what_comes_in_time() -> None:
    assert await Patience(3600).outlasts(lambda: asyncio.sleep(0))


async def test_what_comes_after_the_first_slice_is_seen() -> None:
    come = asyncio.Event()
    asyncio.get_running_loop().call_later(0.15, come.set)
    assert await Patience(3600).outlasts(come.wait)


@pytest.mark.parametrize(("running", "times"), [("1/99", 1.0), ("12/99", 6.0), ("0/99", 1.0)])
def test_the_load_of_the_machine_is_processes_that_share_a_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: str, times: float
) -> None:
    file = tmp_path / "loadavg"
    file.write_text(f"0.20 0.18 0.12 {running} 1234\n")
    monkeypatch.setattr(patience_module, "_RUNNABLE", file)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert machine_load() == times


def test_a_machine_that_does_not_tell_its_load_has_at_least_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience_module, "_RUNNABLE", tmp_path / "missing")
    assert machine_load() >= 1.0


async def test_patience_lasts_longer_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    began = asyncio.get_running_loop().time()
    monkeypatch.setattr(patience_module, "machine_load", lambda: 4.0)
    assert not await Patience(0.1).outlasts(never)
    assert asyncio.get_running_loop().time() - began >= 0.4


@pytest.mark.parametrize(("text", "seconds"), [("", DEFAULT), ("0.5", 0.5), ("120", 120.0)])
def test_the_environment_says_how_long(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert Patience.from_environment() == Patience(seconds)


@pytest.mark.parametrize("text", ["x", "0", "-1", "nan", "inf"])
def test_an_environment_that_says_no_time_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ValueError, match=f"UCMSIM_PATIENCE is a number of seconds above 0, not '{text}'"):
        Patience.from_environment()


async def test_a_silent_host_outside_is_waited_for_until_patience_ends_and_that_is_put_on_record(
    recorder: Any, flows: FlowIds, ca: Any
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    outside = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = outside.sockets[0].getsockname()[1]
    clock = ShiftClock()
    log = EventLog(clock)
    driver = Driver(log, clock, flows, patience=Patience(0.2))
    phone = recorder("phone")
    await driver.join(phone)
    trust = ClientTls(server_name="ucm", trust=(ca.certificate,))
    phone.open(driver, flows, Address("127.0.0.1", port), trust)
    await driver.until_idle()
    (ended,) = log.of(PatienceEnded)
    assert ended.waited_for == "traffic to come to rest"
    assert ended.under_way == (f"phone: TLS handshake with 127.0.0.1:{port}",)
    assert ended.seconds >= 0.2
    assert str(ended).endswith(f"still under way: phone: TLS handshake with 127.0.0.1:{port}")
    await driver.until_idle()
    assert len(log.of(PatienceEnded)) == 1, "what was given up is not waited for again"
    await driver.shut_down(abruptly=True)
    outside.close()
    await outside.wait_closed()
