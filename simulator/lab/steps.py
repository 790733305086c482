"""What each verb of a scenario does. A verb is a function here and a field of `scenario.Step`, nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.core.eventlog import Record
from simulator.core.events import StepTaken
from simulator.lab import checks
from simulator.lab.admin_steps import call_axl, run_command
from simulator.lab.expectation import Expectation
from simulator.lab.expressway_desk import ExpresswayStep
from simulator.lab.expressway_steps import take_at_expressway
from simulator.lab.failures import FailurePlan
from simulator.lab.http_steps import HttpCall, call
from simulator.lab.scenario import (
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
from simulator.lab.sending import Send, send
from simulator.lab.served_file import ServedFile
from simulator.lab.stage import Stage


@dataclass(slots=True)
class Progress:
    """Where a run stands."""

    since: int = 0
    """seq up to which `expect` has already looked."""
    failures: list[str] = field(default_factory=list)
    forbidden: list[Expectation] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict, repr=False)
    """What `call` kept for later calls, by name: codes and tokens."""


async def take(stage: Stage, step: Step, progress: Progress) -> None:
    """Do one step; what it finds wrong is added to `progress.failures`."""
    if step.verb not in ("expect", "never", "registered"):
        stage.site.lab.add(StepTaken(step=str(step)))
    await _VERBS[step.verb](stage, step.value, progress)


async def finish(stage: Stage, progress: Progress) -> None:
    """After the last step: what must never be seen is judged over the whole run."""
    await stage.settle()
    progress.failures += checks.seen_but_forbidden(stage.site.log.records(), progress.forbidden)


# --- phones ------------------------------------------------------------------------------------------------


async def _start(stage: Stage, value: str | list[str], progress: Progress) -> None:
    for device in _list(value):
        phone = stage.site.phone(device)
        phone.start(stage.site.clock.now())
        stage.kick(phone)
    await stage.settle()


async def _stop(stage: Stage, value: str | list[str], progress: Progress) -> None:
    for device in _list(value):
        phone = stage.site.phone(device)
        phone.stop(stage.site.clock.now())
        stage.kick(phone)
    await stage.settle()


async def _crash(stage: Stage, value: str, progress: Progress) -> None:
    await stage.drop_phone(value)
    await stage.settle()


async def _set_token(stage: Stage, value: SetToken, progress: Progress) -> None:
    stage.site.set_token(value.phone, value.token)


async def _set_behaviours(stage: Stage, value: SetBehaviours, progress: Progress) -> None:
    stage.site.set_behaviours(value.phone, value.behaviours)


async def _reset(stage: Stage, value: str, progress: Progress) -> None:
    for node in stage.site.notify_reset(value):
        stage.kick(node)
    await stage.settle()


# --- time and checks ------------------------------------------------------------------------------------------


async def _advance(stage: Stage, value: float, progress: Progress) -> None:
    await stage.advance(value)


async def _expect(stage: Stage, value: list[Expectation], progress: Progress) -> None:
    since = progress.since

    def enough(records: list[Record]) -> bool:
        return not checks.unmet(records, value)

    await stage.until(enough, since=since)
    progress.failures += checks.unmet(stage.site.log.records(since=since), value)
    progress.since = stage.site.log.last_seq


async def _never(stage: Stage, value: list[Expectation], progress: Progress) -> None:
    progress.forbidden += value


async def _registered(stage: Stage, value: dict[str, str | None], progress: Progress) -> None:
    await stage.settle()
    for device, wanted in value.items():
        believed = stage.site.believed_at(device)
        bound = stage.site.bound_at(device)
        if believed != wanted or bound != wanted:
            progress.failures.append(
                f"expected {device} registered at {wanted or 'no node'}; "
                f"the phone says {believed or 'no node'}, the cluster says {bound or 'no node'}"
            )


# --- administration -----------------------------------------------------------------------------------------


async def _oauth_mode(stage: Stage, value: bool, progress: Progress) -> None:
    stage.site.set_oauth_mode(value)


async def _restart(stage: Stage, value: str, progress: Progress) -> None:
    await stage.close_node(value)
    await stage.settle()
    await stage.open_node(value)
    await stage.settle()


async def _stop_node(stage: Stage, value: str, progress: Progress) -> None:
    await stage.close_node(value)
    await stage.settle()


async def _start_node(stage: Stage, value: str, progress: Progress) -> None:
    await stage.open_node(value)
    await stage.settle()


async def _regenerate_tomcat(stage: Stage, value: RegenerateTomcat, progress: Progress) -> None:
    stage.site.regenerate_tomcat(value.node, value.certificate)


async def _set_ports(stage: Stage, value: SetPorts, progress: Progress) -> None:
    stage.site.set_ports(value.node, value.ports)


async def _set_profile(stage: Stage, value: SetProfile, progress: Progress) -> None:
    stage.site.set_profile(value.phone, value.profile)


async def _table_row(stage: Stage, value: TableRow, progress: Progress) -> None:
    stage.site.set_table_row(value.host, value.names)


async def _trust(stage: Stage, value: Trust, progress: Progress) -> None:
    stage.site.add_trust(value.owner, value.authorities)


async def _admin(stage: Stage, value: str | AdminCommand, progress: Progress) -> None:
    step = AdminCommand(command=value) if isinstance(value, str) else value
    progress.failures += await run_command(stage, step)


async def _axl(stage: Stage, value: AxlCall, progress: Progress) -> None:
    progress.failures += await call_axl(stage, value)


async def _call(stage: Stage, value: HttpCall, progress: Progress) -> None:
    progress.failures += await call(stage, value, progress.kept)


async def _hold_keys(stage: Stage, value: str, progress: Progress) -> None:
    stage.site.hold_keys(value)


async def _release_keys(stage: Stage, value: str, progress: Progress) -> None:
    stage.site.hold_keys(value, False)


async def _fail(stage: Stage, value: FailurePlan, progress: Progress) -> None:
    stage.site.office.failures.plan(value)


async def _set_clock(stage: Stage, value: SetClock, progress: Progress) -> None:
    stage.site.set_clock(value.node, value.ahead)


async def _hang(stage: Stage, value: str, progress: Progress) -> None:
    stage.site.hang(value)


async def _wake(stage: Stage, value: str, progress: Progress) -> None:
    stage.site.hang(value, False)


async def _overload(stage: Stage, value: bool, progress: Progress) -> None:
    stage.site.set_overload(value)


async def _config_file(stage: Stage, value: ServedFile, progress: Progress) -> None:
    stage.site.serve_file(value)


# --- foreign clients ----------------------------------------------------------------------------------------


async def _send(stage: Stage, value: Send, progress: Progress) -> None:
    progress.failures += await send(stage, value)


async def _expressway(stage: Stage, value: ExpresswayStep, progress: Progress) -> None:
    progress.failures += await take_at_expressway(stage, value)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


_VERBS: dict[str, Callable[[Stage, Any, Progress], Awaitable[None]]] = {
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
