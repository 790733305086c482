"""Many runs, in one process or in several; results come in the order of the runs, whoever finishes first.

In the World the repetitions of a run must leave the same trace; one that does not has failed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from multiprocessing import get_context

from simulator.core.eventlog import Record, record_to_json
from simulator.core.tls.settings import TlsVersion
from simulator.lab.capture import Capture
from simulator.lab.report import DriverName, Report
from simulator.lab.run import run_live, run_world
from simulator.lab.scenario import Scenario

_REFERENCE = re.compile(r"sha256:[0-9a-f]{12}|(?<=\")[0-9a-f]{64}(?=\")")
_AHEAD = 4
"""Runs that wait for each process, so that none is idle."""
_WORTH_A_PROCESS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    scenario: Scenario
    tls: TlsVersion
    driver: DriverName
    seed: int | None = None
    captured: bool = False
    """The report brings a capture of what passed."""
    repetition: int = 1


def run_one(run: Run) -> Report:
    """Outside of any event loop. Raises OSError and ValueError."""
    tap: AbstractContextManager[Capture | None] = Capture() if run.captured else nullcontext()
    with tap as capture:
        if run.driver == "world":
            report = run_world(run.scenario, run.tls, seed=run.seed, capture=capture)
        else:
            report = asyncio.run(run_live(run.scenario, run.tls, seed=run.seed, capture=capture))
    return replace(report, repetition=run.repetition)


def jobs_for(runs: int) -> int:
    """Processes that pay for so many runs: starting one costs as much as a dozen runs."""
    return max(1, min(os.cpu_count() or 1, runs // _WORTH_A_PROCESS))


def run_all(runs: Sequence[Run], *, jobs: int = 1) -> Iterator[Report]:
    """A report for each run, in their order, each as soon as it and those before it are there."""
    repeated = any(run.repetition > 1 for run in runs)
    first: dict[tuple[str, TlsVersion], str] = {}
    for report in _reports(runs, jobs):
        if repeated and report.driver == "world":
            trace = fingerprint(report.records)
            if first.setdefault((report.scenario, report.tls), trace) != trace:
                problem = f"repetition {report.repetition} left another trace than the first one"
                report = replace(report, failures=(*report.failures, problem))
        yield report


def _reports(runs: Sequence[Run], jobs: int) -> Iterator[Report]:
    if jobs == 1 or len(runs) < 2:
        yield from map(run_one, runs)
        return
    # Not forked: a fork of a process that has threads may hang.
    with ProcessPoolExecutor(min(jobs, len(runs)), mp_context=get_context("spawn")) as pool:
        window = jobs * _AHEAD
        waiting = [pool.submit(run_one, run) for run in runs[:window]]
        try:
            for number in range(len(runs)):
                report = waiting.pop(0).result()
                waiting += [pool.submit(run_one, run) for run in runs[number + window : number + window + 1]]
                yield report
        finally:
            pool.shutdown(cancel_futures=True)


def normalised(records: Sequence[Record]) -> list[str]:
    """The trace, a JSON line for each record, without what the operating system's chance decides: texts of
    tokens, and so their references, and hashes of new keys."""
    return [_REFERENCE.sub("sha256:x", json.dumps(record_to_json(record))) for record in records]


def fingerprint(records: Sequence[Record]) -> str:
    return sha256("\n".join(normalised(records)).encode()).hexdigest()
