"""The event stream as the logs people know: Jabber's, UCM's SIP trace, UCM's alarms, Expressway's event log.

Each is one reader of the records and nothing else: the shapes are documented or observed (sip-wire 9,
administration 8 and 9), the facts are the run's, times are the event's in UTC. Message texts are the events',
whose credentials are references. Where no real line is known, the text is ours and says "ucmsim".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simulator.core.events import LabBuilt
from simulator.core.events.log import Record
from simulator.evidence.logs import expressway, jabber, ucm_syslog, ucm_trace

Render = Callable[[Sequence[Record], str], Iterator[str]]
"""(records of a run, name of the actor whose log it is) -> lines without line ends."""


@dataclass(frozen=True, slots=True)
class LogKind:
    """A kind of log: whose it is, its file name, and what renders it."""

    of: Literal["phone", "node", "expressway"]
    title: str
    suffix: str
    """Of the file, after the actor's name."""
    render: Render


LOGS: Mapping[str, LogKind] = {
    "jabber": LogKind("phone", "Jabber's log", ".jabber.log", jabber.lines),
    "ucm-trace": LogKind("node", "UCM's SIP trace", ".sdl.log", ucm_trace.lines),
    "ucm-syslog": LogKind("node", "UCM's alarms in syslog", ".syslog.log", ucm_syslog.lines),
    "expressway": LogKind("expressway", "Expressway's event log", ".tvcs.log", expressway.lines),
}


def render_log(kind: str, records: Sequence[Record], actor: str) -> str:
    """Render one log as text. KeyError for a kind that is not in LOGS."""
    return "".join(f"{line}\n" for line in LOGS[kind].render(records, actor))


def logs_of(records: Sequence[Record]) -> dict[str, str]:
    """Render every log of a run: file name -> text, for each phone, node and Expressway that logged something.

    Who was there, the run's `lab:built` says; without one (a run of an older version) there are no logs.
    """
    built = next((record.event for record in records if isinstance(record.event, LabBuilt)), LabBuilt())
    actors = {"phone": built.phones, "node": built.nodes, "expressway": built.expressways}
    out = {}
    for kind, log in LOGS.items():
        for actor in actors[log.of]:
            text = render_log(kind, records, actor)
            if text:
                out[re.sub(r"[^\w.-]+", "-", actor) + log.suffix] = text
    return out
