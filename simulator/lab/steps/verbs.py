"""What each verb of a scenario does. A verb is a function here and a field of `scenario.Step`, nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.core.events import StepTaken
from simulator.core.events.log import Record
from simulator.lab.config.expectation import Expectation
from simulator.lab.config.faults import FailurePlan, ServedFile
from simulator.lab.config.scenario import (
    AdminCommand,
    AxlCall,
    RegenerateTomcat,
    SetBehaviours,
    SetClock,
    SetPorts,
    SetProfile,
    SetToken,
    Step,
    TableRow,
    Trust,
)
from simulator.lab.steps import matching
from simulator.lab.steps.cli_and_axl import call_axl, run_command
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.expressway import take_at_expressway
from simulator.lab.steps.expressway_admin import ExpresswayStep
from simulator.lab.steps.http_call import HttpCall, call
from simulator.lab.steps.raw_client import Send, send


@dataclass(slots=True)
class Progress:
    """Where a run stands."""

    since: int = 0
    """seq up to which `expect` has already looked."""
    failures: list[str] = field(default_factory=list)
    forbidden: list[Expectation] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict, repr=False)
    """What `call` kept for later calls, by name: codes and tokens."""


async def take(stage: ScenarioDriver, step: Step, progress: Progress) -> None:
    """Do one step; what it finds wrong is added to `progress.failures`."""
    if step.verb not in ("expect", "never", "registered"):
        stage.site.lab.add(StepTaken(step=str(step)))
    await _VERBS[step.verb](stage, step.value, progress)


async def finish(stage: ScenarioDriver, progress: Progress) -> None:
    """After the last step: what must never be seen is judged over the whole run."""
    await stage.until_idle()
    progress.failures += matching.seen_but_forbidden(stage.site.log.records(), progress.forbidden)


# --- phones ------------------------------------------------------------------------------------------------


async def _start(stage: ScenarioDriver, value: str | list[str], progress: Progress) -> None:
    for device in _list(value):
        phone = stage.site.phone(device)
        phone.start(stage.site.clock.now())
        stage.run(phone)
    await stage.until_idle()


async def _stop(stage: ScenarioDriver, value: str | list[str], progress: Progress) -> None:
    for device in _list(value):
        phone = stage.site.phone(device)
        phone.stop(stage.site.clock.now())
        stage.run(phone)
    await stage.until_idle()


async def _crash(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    await stage.drop_phone(value)
    await stage.until_idle()


async def _set_token(stage: ScenarioDriver, value: SetToken, progress: Progress) -> None:
    stage.site.set_token(value.phone, value.token)


async def _set_behaviours(stage: ScenarioDriver, value: SetBehaviours, progress: Progress) -> None:
    stage.site.set_behaviours(value.phone, value.behaviours)


async def _reset(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    for node in stage.site.notify_reset(value):
        stage.run(node)
    await stage.until_idle()


# --- time and checks ------------------------------------------------------------------------------------------


async def _advance(stage: ScenarioDriver, value: float, progress: Progress) -> None:
    await stage.advance(value)


async def _expect(stage: ScenarioDriver, value: list[Expectation], progress: Progress) -> None:
    since = progress.since

    def enough(records: list[Record]) -> bool:
        return not matching.unmet(records, value)

    await stage.until(enough, since=since)
    progress.failures += matching.unmet(stage.site.log.records(since=since), value)
    progress.since = stage.site.log.last_seq


async def _never(stage: ScenarioDriver, value: list[Expectation], progress: Progress) -> None:
    progress.forbidden += value


async def _registered(stage: ScenarioDriver, value: dict[str, str | None], progress: Progress) -> None:
    await stage.until_idle()
    for device, wanted in value.items():
        believed = stage.site.believed_at(device)
        bound = stage.site.bound_at(device)
        if believed != wanted or bound != wanted:
            progress.failures.append(
                f"expected {device} registered at {wanted or 'no node'}; "
                f"the phone says {believed or 'no node'}, the cluster says {bound or 'no node'}"
            )


# --- administration -----------------------------------------------------------------------------------------


async def _oauth_mode(stage: ScenarioDriver, value: bool, progress: Progress) -> None:
    stage.site.set_oauth_mode(value)


async def _restart(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    await stage.close_node(value)
    await stage.until_idle()
    await stage.open_node(value)
    await stage.until_idle()


async def _stop_node(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    await stage.close_node(value)
    await stage.until_idle()


async def _start_node(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    await stage.open_node(value)
    await stage.until_idle()


async def _regenerate_tomcat(stage: ScenarioDriver, value: RegenerateTomcat, progress: Progress) -> None:
    stage.site.regenerate_tomcat(value.node, value.certificate)


async def _set_ports(stage: ScenarioDriver, value: SetPorts, progress: Progress) -> None:
    stage.site.set_ports(value.node, value.ports)


async def _set_profile(stage: ScenarioDriver, value: SetProfile, progress: Progress) -> None:
    stage.site.set_profile(value.phone, value.profile)


async def _table_row(stage: ScenarioDriver, value: TableRow, progress: Progress) -> None:
    stage.site.set_table_row(value.host, value.names)


async def _trust(stage: ScenarioDriver, value: Trust, progress: Progress) -> None:
    stage.site.add_trust(value.owner, value.authorities)


async def _admin(stage: ScenarioDriver, value: str | AdminCommand, progress: Progress) -> None:
    step = AdminCommand(command=value) if isinstance(value, str) else value
    progress.failures += await run_command(stage, step)


async def _axl(stage: ScenarioDriver, value: AxlCall, progress: Progress) -> None:
    progress.failures += await call_axl(stage, value)


async def _call(stage: ScenarioDriver, value: HttpCall, progress: Progress) -> None:
    progress.failures += await call(stage, value, progress.kept)


async def _hold_keys(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    stage.site.hold_keys(value)


async def _release_keys(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    stage.site.hold_keys(value, False)


async def _fail(stage: ScenarioDriver, value: FailurePlan, progress: Progress) -> None:
    stage.site.ucm.failures.plan(value)


async def _set_clock(stage: ScenarioDriver, value: SetClock, progress: Progress) -> None:
    stage.site.set_clock(value.node, value.ahead)


async def _hang(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    stage.site.hang(value)


async def _wake(stage: ScenarioDriver, value: str, progress: Progress) -> None:
    stage.site.hang(value, False)


async def _overload(stage: ScenarioDriver, value: bool, progress: Progress) -> None:
    stage.site.set_overload(value)


async def _config_file(stage: ScenarioDriver, value: ServedFile, progress: Progress) -> None:
    stage.site.serve_file(value)


# --- foreign clients ----------------------------------------------------------------------------------------


async def _send(stage: ScenarioDriver, value: Send, progress: Progress) -> None:
    progress.failures += await send(stage, value)


async def _expressway(stage: ScenarioDriver, value: ExpresswayStep, progress: Progress) -> None:
    progress.failures += await take_at_expressway(stage, value)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


_VERBS: dict[str, Callable[[ScenarioDriver, Any, Progress], Awaitable[None]]] = {
    "start": _start,
    "stop": _stop,
    "crash": _crash,
    "advance": _advance,
    "expect": _expect,
    "never": _never,
    "registered": _registered,
    "oauth_mode": _oauth_mode,
    "restart": _restart,
    "stop_node": _stop_node,
    "start_node": _start_node,
    "regenerate_tomcat": _regenerate_tomcat,
    "set_ports": _set_ports,
    "set_profile": _set_profile,
    "set_token": _set_token,
    "set_behaviours": _set_behaviours,
    "table_row": _table_row,
    "trust": _trust,
    "admin": _admin,
    "axl": _axl,
    "expressway": _expressway,
    "reset": _reset,
    "send": _send,
    "config_file": _config_file,
    "call": _call,
    "hold_keys": _hold_keys,
    "release_keys": _release_keys,
    "fail": _fail,
    "set_clock": _set_clock,
    "hang": _hang,
    "wake": _wake,
    "overload": _overload,
}

if _VERBS.keys() != Step.model_fields.keys():
    raise AssertionError(f"verbs and Step differ: {_VERBS.keys() ^ Step.model_fields.keys()}")
