"""The one event stream: records in order, readers subscribed to it, and a write-only Journal for each actor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from simulator.core.events import Event, event_from_json, event_to_json
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Clock, Instant

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One event with its place in the stream."""

    seq: int
    at: Instant
    actor: ActorId
    event: Event
    flow: FlowId | None = None
    cause: int | None = None
    """seq of the record that led to this one."""


def record_to_json(record: Record) -> dict[str, object]:
    return {
        "seq": record.seq,
        "at": round(record.at, 6),
        "actor": record.actor,
        "flow": record.flow,
        "caused_by": record.cause,
        **event_to_json(record.event),
    }


def record_from_json(data: Mapping[str, object]) -> Record:
    """Read the record that `record_to_json` wrote. ValueError says what is wrong."""
    event = event_from_json(data)
    seq, at, actor = data.get("seq"), data.get("at"), data.get("actor")
    flow, cause = data.get("flow"), data.get("caused_by")
    if not (isinstance(seq, int) and isinstance(at, int | float) and isinstance(actor, str)):
        raise ValueError(f"{event.kind} without seq, at and actor")  # noqa: TRY004 - foreign data, not a type
    return Record(
        seq=seq,
        at=Instant(float(at)),
        actor=ActorId(actor),
        event=event,
        flow=FlowId(flow) if isinstance(flow, int) else None,
        cause=cause if isinstance(cause, int) else None,
    )


class EventLog:
    """Keeps the last `keep` records (None: all, 0: none) and hands each to its subscribers.

    With a `keep` the records hold at most `keep_text` characters of messages: a flood of 60 kB messages would
    fill the memory long before their number did.

    `on` is False when nobody would see an event: writers test it before they make one.
    """

    def __init__(self, clock: Clock, *, keep: int | None = None, keep_text: int = 1 << 26) -> None:
        self._clock = clock
        self._records: deque[Record] = deque()
        self._keep = keep
        self._keep_text = keep_text
        self._text = 0
        self._keeping = keep != 0
        self._sinks: list[Callable[[Record], None]] = []
        self._seq = 0
        self.on = self._keeping

    def emit(
        self, actor: ActorId, event: Event, *, flow: FlowId | None = None, cause: int | None = None
    ) -> Record:
        self._seq += 1
        record = Record(seq=self._seq, at=self._clock.now(), actor=actor, event=event, flow=flow, cause=cause)
        if self._keeping:
            self._records.append(record)
            if self._keep is not None:
                self._text += _text_of(event)
                while len(self._records) > self._keep or self._text > self._keep_text:
                    self._text -= _text_of(self._records.popleft().event)
        for sink in tuple(self._sinks):
            sink(record)
        return record

    def records(self, *, since: int = 0) -> list[Record]:
        """Return the kept records with seq > since, oldest first."""
        return [record for record in self._records if record.seq > since]

    @property
    def last_seq(self) -> int:
        return self._seq

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records))

    def of(self, kind: type[E], *, actor: str | None = None, since: int = 0) -> list[E]:
        return [
            record.event
            for record in self._records
            if isinstance(record.event, kind) and record.seq > since and actor in (None, record.actor)
        ]

    def subscribe(self, sink: Callable[[Record], None]) -> Callable[[], None]:
        """Call `sink` with each new record; returns the function that ends the subscription."""
        self._sinks.append(sink)
        self.on = True

        def unsubscribe() -> None:
            self._sinks.remove(sink)
            self.on = self._keeping or bool(self._sinks)

        return unsubscribe

    def journal(self, actor: ActorId) -> Journal:
        return Journal(self, actor)


def _text_of(event: Event) -> int:
    """Characters of the message in an event that shows one."""
    return len(getattr(event, "text", ""))


class Journal:
    """The write-only end of the stream that an actor gets. Hot paths ask `if journal.on:` first."""

    __slots__ = ("_log", "actor")

    def __init__(self, log: EventLog, actor: ActorId) -> None:
        self._log = log
        self.actor = actor

    @property
    def on(self) -> bool:
        return self._log.on

    def add(self, event: Event, *, flow: FlowId | None = None, cause: int | None = None) -> int:
        """Write an event and return its seq, to be given as `cause` of what follows from it; 0 if nobody
        reads.
        """
        if not self._log.on:
            return 0
        return self._log.emit(self.actor, event, flow=flow, cause=cause).seq
