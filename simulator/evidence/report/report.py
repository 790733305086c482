"""The outcome of scenario runs: as a value and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from simulator.core.events.log import Record, record_to_json
from simulator.core.tls.settings import TlsVersion
from simulator.evidence import ladder
from simulator.evidence.explain import Attempt, explain
from simulator.evidence.ladder import TextLine

DriverName = Literal["lab", "world"]
Outcome = Literal["passed", "failed", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of one run of a scenario."""

    scenario: str
    title: str
    group: str
    driver: DriverName
    tls: TlsVersion
    seed: int
    failures: tuple[str, ...]
    """Expected against actual, one sentence each; empty: as expected."""
    records: tuple[Record, ...]
    seconds: float
    """Real time it took."""
    environment: bool = False
    """It proves nothing: the lab waited in vain for something outside, or for a machine that was too slow."""
    repetition: int = 1
    """Which one, of a run that was repeated."""
    pcapng: bytes | None = field(default=None, repr=False)
    """What passed, with its TLS secrets, if a capture was asked for."""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def outcome(self) -> Outcome:
        if self.environment:
            return "environment"
        return "failed" if self.failures else "passed"

    @property
    def name(self) -> str:
        again = f", run {self.repetition}" if self.repetition > 1 else ""
        return f"{self.scenario} [{self.driver}, TLS {self.tls}{again}]"

    def ladder(self, *, width: int = 80) -> list[TextLine]:
        rows, captions = ladder.rows_of(self.records), ladder.captions_of(self.records)
        return ladder.draw(rows, width=width, captions=captions)

    def ladder_end(self, *, width: int = 80) -> list[TextLine]:
        """Return what is shown with a failure: the last lines, under the lanes' names."""
        lines = self.ladder(width=width)
        return [line for line in lines[:-_LADDER_TAIL] if line.head] + lines[-_LADDER_TAIL:]

    def attempts(self) -> tuple[Attempt, ...]:
        """Explain every attempt of the run."""
        return explain(self.records)

    def to_json(self) -> dict[str, object]:
        return {
            "scenario": self.scenario,
            "title": self.title,
            "group": self.group,
            "driver": self.driver,
            "tls": self.tls,
            "seed": self.seed,
            "repetition": self.repetition,
            "passed": self.passed,
            "environment": self.environment,
            "failures": list(self.failures),
            "seconds": round(self.seconds, 4),
            "attempts": [attempt.to_json() for attempt in self.attempts()],
            "events": [record_to_json(record) for record in self.records],
        }


_LADDER_TAIL = 25


@dataclass(slots=True)
class Tally:
    """Counts of runs."""

    runs: int = 0
    failed: int = 0
    """Runs that were not as expected."""
    environment: int = 0
    """Runs that prove nothing."""
    seconds: float = 0.0

    def add(self, report: Report) -> None:
        self.runs += 1
        self.failed += report.outcome == "failed"
        self.environment += report.environment
        self.seconds += report.seconds

    def __str__(self) -> str:
        """Say it in words."""
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        unproved = f", {self.environment} without proof" if self.environment else ""
        return f"{runs}, {self.failed} not as expected{unproved}"
