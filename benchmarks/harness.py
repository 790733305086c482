"""Where a figure comes from: processes pinned to cores, repeated runs, medians, and what each side spent."""

from __future__ import annotations

import json
import os
import platform
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load import Address, Load

CHECKOUT = Path(__file__).resolve().parents[1]


class Unavailable(Exception):
    """This machine lacks what the figure needs; the text says what."""


def cores() -> tuple[int, ...]:
    """Processors this process may use; empty where the system cannot say."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def pin(core: int | None) -> None:
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


@dataclass(frozen=True, slots=True)
class Placement:
    """Which core serves and which one loads; None: left to the system."""

    server: int | None
    load: int | None

    @classmethod
    def here(cls) -> Placement:
        usable = cores()
        return cls(usable[0], usable[-1]) if len(usable) > 1 else cls(None, None)


# --- the process under test ----------------------------------------------------------------------------------


class Served:
    """A server process: where it listens, and what it has used."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self._process = process
        self.ready = ready

    def address(self, listener: str) -> Address:
        host, port = self.ready[listener]
        return host, port

    def cpu(self) -> float | None:
        """Seconds of processor time since its start; None where /proc is missing."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            return None
        values = stat.read_text().rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Resident memory in bytes."""
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            raise Unavailable("resident memory is read from /proc, which this system does not have")
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise Unavailable("the server has no VmRSS: it has ended")


@contextmanager
def served(job: dict[str, Any]) -> Iterator[Served]:
    """Start `benchmarks.server` with `job`; it ends when its standard input does, whatever becomes of us."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the {job.get('kind')} server ended before it was ready; see its message above")
        try:
            yield Served(process, json.loads(line))
        finally:
            process.stdin.close()
            process.wait(timeout=20)


# --- figures -------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Figure:
    """One measured quantity. `runs` in the order they were made; the value is their median."""

    name: str
    what: str
    unit: str
    runs: list[float] = field(default_factory=list)
    more_is_better: bool = True
    reach: float | None = None
    elsewhere: dict[str, float] = field(default_factory=dict)
    """The same quantity of other programs, measured earlier on this kind of machine (not in this run)."""
    against: tuple[str, ...] = ()
    """Names of the figures of this run that bound it."""
    ratios: dict[str, float] = field(default_factory=dict)
    notes: dict[str, float | str] = field(default_factory=dict)
    skipped: str | None = None
    """Why there is no value."""
    wrong: bool = False
    """Skipped because a server answered what it should not: that fails the run, a slow figure never does."""

    @property
    def value(self) -> float:
        return statistics.median(self.runs)

    @property
    def comparable(self) -> float:
        """What a whole server core would have given, so that other users of the machine distort no ratio."""
        return float(self.notes.get("per_whole_server_core") or self.value)

    def to_json(self) -> dict[str, object]:
        out: dict[str, object] = {"name": self.name, "what": self.what, "unit": self.unit}
        if self.skipped is not None:
            return {**out, "skipped": self.skipped}
        out |= {"value": round(self.value, 2), "runs": [round(run, 2) for run in self.runs]}
        if self.reach is not None:
            met = self.value >= self.reach if self.more_is_better else self.value <= self.reach
            out |= {"reach": self.reach, "reached": met}
        out |= {"ratios": {name: round(ratio, 3) for name, ratio in self.ratios.items()}}
        return {**out, "elsewhere": self.elsewhere, "notes": self.notes}


class Effort:
    """Adds runs to a figure, and to its notes what the two sides spent on them."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._done = 0
        self._seconds = self._client = self._server = 0.0

    def add(self, load: Load, server_before: float | None, server_after: float | None) -> None:
        """Notes become shares of one core, and the rate at which the load client would be the bottleneck."""
        self._done += load.done
        self._seconds += load.seconds
        self._client += load.cpu
        self._figure.runs.append(load.rate)
        notes = self._figure.notes
        notes["client_core_share"] = round(self._client / self._seconds, 2)
        notes["client_ceiling"] = round(self._done / self._client)
        if server_before is not None and server_after is not None:
            self._server += server_after - server_before
            notes["server_core_share"] = round(self._server / self._seconds, 2)
            if self._server:
                notes["per_whole_server_core"] = round(self._done / self._server)


def set_ratios(figures: dict[str, Figure]) -> None:
    """Each figure over the figures that bound it, core for core; > 1 is always better than the bound."""
    for figure in figures.values():
        if figure.skipped is not None:
            continue
        for name in figure.against:
            bound = figures.get(name)
            if bound is not None and bound.skipped is None:
                pair = figure.comparable, bound.comparable
                figure.ratios[name] = pair[0] / pair[1] if figure.more_is_better else pair[1] / pair[0]


def rate_of(work: Any, *, seconds: float, batch: int = 100) -> float:
    """Calls a second of `work()`, called in batches until `seconds` are over."""
    done = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for _ in range(batch):
            work()
        done += batch
    return done / spent


def machine() -> dict[str, object]:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.processor() or "unknown",
    )
    return {
        "processor": model,
        "cores": len(cores()) or os.cpu_count(),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "openssl": ssl.OPENSSL_VERSION,
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


@contextmanager
def unpinned() -> Iterator[None]:
    """Processes started inside may use every core again."""
    mine = cores()
    if not mine:
        yield
        return
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)
