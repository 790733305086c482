"""What an administrator did to the cluster: by SOAP, by the platform CLI, or in the lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulator.core.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterChanged(Event):
    """An administrator changed the cluster: `what` was changed and to what; secrets stay out."""

    kind: ClassVar[str] = "cluster:changed"
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapCalled(Event):
    """An administrator's client called a SOAP service of a node. Passwords and contents stay out."""

    kind: ClassVar[str] = "soap:called"
    service: Literal["AXL", "RIS", "Control Center"]
    operation: str
    user: str
    status: int
    """Of HTTP."""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CliLoginJudged(Event):
    """A login to a node's platform CLI was accepted or refused. A user name that does not exist stays out."""

    kind: ClassVar[str] = "cli:login_judged"
    user: str
    verdict: Literal["good", "wrong", "locked"]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CliCalled(Event):
    """A command of a node's platform CLI ended. Answers to its questions stay out."""

    kind: ClassVar[str] = "cli:called"
    user: str
    command: str
    succeeded: bool
