"""Runs scenarios on a driver and reports. A step that breaks ends the run with a failure, never a traceback."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache

from simulator.aio.patience import Patience
from simulator.core.events import PatienceEnded
from simulator.core.instant import Instant
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.capture import Capture
from simulator.evidence.report.report import DriverName, Report
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.live import open_lab
from simulator.lab.run.world import World, run_now
from simulator.lab.site.environment.pki import Pki
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.scenario import Scenario
from simulator.lab.steps.scenario_run import ScenarioRun


@lru_cache(maxsize=1)
def _pki() -> Pki:
    """The certificates of this process: many runs have the same, and making them costs more than a run."""
    return Pki(now=Instant(time.time()))


async def play(driver: ScenarioDriver, scenario: Scenario) -> ScenarioRun:
    """Take every step until one fails; what must never be seen is judged at the end."""
    run = ScenarioRun(driver)
    for number, step in enumerate(scenario.steps, start=1):
        try:
            await step.take(run)
        except (ValueError, LookupError, OSError) as error:
            run.failures.append(f"step {number} ({step.verb}): {error}")
        if run.failures:
            run.failures = [
                failure if failure.startswith("step ") else f"step {number} ({step.verb}): {failure}"
                for failure in run.failures
            ]
            break
    await run.finish()
    return run


async def run_live(
    scenario: Scenario,
    tls: TlsVersion,
    *,
    seed: int | None = None,
    capture: Capture | None = None,
    patience: Patience | None = None,
) -> Report:
    """Run a scenario on sockets, in the running loop. Raises OSError if no port can be bound."""
    began = time.perf_counter()
    config = _config(scenario, tls, seed)
    async with open_lab(config, virtual_ports=True, capture=capture, patience=patience) as lab:
        done = await play(lab, scenario)
        report = _report(scenario, "lab", config, done, began)
    return _with(capture, report)


def run_world(
    scenario: Scenario, tls: TlsVersion, *, seed: int | None = None, capture: Capture | None = None
) -> Report:
    """Without sockets."""
    began = time.perf_counter()
    config = _config(scenario, tls, seed)
    keylog = capture.keylog if capture is not None else None
    world = World(config, real_now=Instant(time.time()), keylog=keylog, tap=capture, pki=_pki().for_next_lab())
    if capture is not None:
        capture.attach(world.site.log, world.site.clock)
    try:
        done = run_now(play(world, scenario))
        return _with(capture, _report(scenario, "world", config, done, began))
    finally:
        world.shut_down()


def _with(capture: Capture | None, report: Report) -> Report:
    return report if capture is None else replace(report, pcapng=capture.data())


def _config(scenario: Scenario, tls: TlsVersion, seed: int | None) -> LabConfig:
    changed = {"tls": tls} if seed is None else {"tls": tls, "seed": seed}
    return scenario.lab.model_copy(update=changed)


def _report(
    scenario: Scenario,
    driver: DriverName,
    config: LabConfig,
    run: ScenarioRun,
    began: float,
) -> Report:
    records = tuple(run.site.log.records())
    in_vain = [f"environment: {one.event}" for one in records if isinstance(one.event, PatienceEnded)]
    return Report(
        scenario=scenario.id,
        title=scenario.title,
        group=scenario.group,
        driver=driver,
        tls=config.tls,
        seed=config.seed,
        failures=(*in_vain, *run.failures),
        environment=bool(in_vain),
        records=records,
        seconds=time.perf_counter() - began,
    )
