"""What an explanation is made of: attempts, each an ordered checklist, and what to do about the first "
"failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.core.mark import Mark

State = Literal["pass", "fail", "not_reached", "unseen"]
"""unseen: checked by somebody who reports nothing here (a real UCM, a foreign client)."""
What = Literal["sign-in", "configuration", "connection", "handshake", "register", "request"]
"""How far an attempt came, or what it was."""

SHOWN: dict[State, str] = {"pass": "PASS", "fail": "FAIL", "not_reached": "not reached", "unseen": "not seen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRow:
    """One check of an attempt, with its verdict and evidence."""

    id: str
    title: str
    state: State
    evidence: str = ""
    leg: str = ""
    """The connection it is about, e.g. "expc -> ucm-pub"; rows of one leg stand together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Why a check failed, what to do about it, and how to see it on a real system, in our own words."""

    cause: str
    remedy: str
    verify: str
    mark: Mark
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to connect, register or sign in, as an ordered checklist."""

    number: int
    at: float
    """Seconds since the first record."""
    client: str
    target: str
    """Where it was headed, e.g. "ucm-pub:5091"."""
    port: str
    """What the port is for, in words."""
    what: What
    outcome: str
    rows: tuple[ExplainRow, ...]
    advice: tuple[Advice, ...] = ()
    """For the first failure, most likely first; more than one where only the answer is known."""
    device: str | None = None
    call_id: str = ""
    seqs: tuple[int, int] = (0, 0)
    """First and last record it was read from."""

    @property
    def failure(self) -> ExplainRow | None:
        """Return the first check that failed; None: none did."""
        return next((row for row in self.rows if row.state == "fail"), None)

    @property
    def passed(self) -> bool:
        return self.failure is None

    @property
    def title(self) -> str:
        who = f"{self.device} ({self.client})" if self.device not in (None, self.client) else self.client
        return f"{who} to {self.target}, {self.port}"

    def to_json(self) -> dict[str, object]:
        failure = self.failure
        return {
            "number": self.number,
            "at": round(self.at, 6),
            "client": self.client,
            "device": self.device,
            "target": self.target,
            "port": self.port,
            "what": self.what,
            "passed": self.passed,
            "outcome": self.outcome,
            "call_id": self.call_id,
            "events": list(self.seqs),
            "first_failure": failure.id if failure else None,
            "checks": [
                {
                    "check": row.id,
                    "title": row.title,
                    "state": row.state,
                    "leg": row.leg,
                    "evidence": row.evidence,
                }
                for row in self.rows
            ],
            "advice": [
                {
                    "cause": one.cause,
                    "remedy": one.remedy,
                    "verify": one.verify,
                    "mark": one.mark,
                    "source": one.source,
                }
                for one in self.advice
            ],
        }
