"""Many runs, in one process or in several; results come in the order of the runs, whoever finishes first.

In the World the repetitions of a run must leave the same trace; one that does not has failed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from multiprocessing import get_context

from simulator.aio.patience import Patience
from simulator.core.events.log import Record, record_to_json
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.capture import Capture
from simulator.evidence.report.report import DriverName, Report
from simulator.lab.run.runner import run_live, run_world
from simulator.lab.steps.scenario import Scenario

_REFERENCE = re.compile(r"sha256:[0-9a-f]{12}|(?<=\")[0-9a-f]{64}(?=\")")
_AHEAD = 4
"""Runs that wait for each process, so that none is idle."""
_KEPT = 64
"""Reports that wait for the one of an earlier run, at most."""
_WORTH_A_PROCESS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    scenario: Scenario
    tls: TlsVersion
    driver: DriverName
    seed: int | None = None
    captured: bool = False
    """The report brings a capture of what passed."""
    patience: float | None = None
    """Seconds, on an idle machine, that the lab waits for what does not move; None: as the environment says."""
    repetition: int = 1


def run_one(run: Run) -> Report:
    """Outside of any event loop. Raises OSError and ValueError."""
    tap: AbstractContextManager[Capture | None] = Capture() if run.captured else nullcontext()
    with tap as capture:
        if run.driver == "world":
            report = run_world(run.scenario, run.tls, seed=run.seed, capture=capture)
        else:
            patience = None if run.patience is None else Patience(run.patience)
            live = run_live(run.scenario, run.tls, seed=run.seed, capture=capture, patience=patience)
            report = asyncio.run(live)
    return replace(report, repetition=run.repetition)


def jobs_for(runs: int | None) -> int:
    """Processes that pay for so many runs (None: very many): starting one costs as much as a dozen runs."""
    most = os.cpu_count() or 1
    return most if runs is None else max(1, min(most, runs // _WORTH_A_PROCESS))


def run_all(runs: Iterable[Run], *, jobs: int = 1) -> Iterator[Report]:
    """A report for each run, in their order, each as soon as it and those before it are there.

    Repetitions are compared if `runs` is a sequence. An iterator is asked for a run when there is time for it.
    """
    repeated = isinstance(runs, Sequence) and any(run.repetition > 1 for run in runs)
    first: dict[tuple[str, TlsVersion], str] = {}
    for report in _reports(iter(runs), jobs):
        if repeated and report.driver == "world":
            trace = fingerprint(report.records)
            if first.setdefault((report.scenario, report.tls), trace) != trace:
                problem = f"repetition {report.repetition} left another trace than the first one"
                report = replace(report, failures=(*report.failures, problem))
        yield report


def _reports(runs: Iterator[Run], jobs: int) -> Iterator[Report]:
    if jobs == 1:
        yield from map(run_one, runs)
        return
    gc.freeze()  # What all processes share is not looked through again and again.
    waiting = deque[Future[Report]]()
    helpers = jobs - 1
    coming = next(runs, None)
    with ProcessPoolExecutor(helpers, mp_context=get_context(_way_to_start())) as pool:
        try:
            while coming or waiting:
                while coming and sum(not future.done() for future in waiting) < helpers * _AHEAD:
                    waiting.append(pool.submit(run_one, coming))
                    coming = next(runs, None)
                if coming and not waiting[0].done() and len(waiting) < _KEPT:
                    # This process works too, instead of waiting for the others.
                    waiting.append(Future())
                    waiting[-1].set_result(run_one(coming))
                    coming = next(runs, None)
                else:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            gc.unfreeze()


def _way_to_start() -> str:
    """A fork has everything imported, but may hang where there are threads, and not every system likes it."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return "fork" if alone else "spawn"


def normalised(records: Sequence[Record]) -> list[str]:
    """The trace, a JSON line for each record, without what the operating system's chance decides: texts of
    tokens, and so their references, and hashes of new keys."""
    return [_REFERENCE.sub("sha256:x", json.dumps(record_to_json(record))) for record in records]


def fingerprint(records: Sequence[Record]) -> str:
    return sha256("\n".join(normalised(records)).encode()).hexdigest()
