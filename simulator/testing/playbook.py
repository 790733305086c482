"""A playbook for one actor: what it must do, and what happens to it, step by step in one chain of calls.

    play = Playbook(phone, flows=flows, clock=clock, log=log)
    play.does(phone.start).fetches("http://tftp.lab.example:6970/CSFADA.cnf.xml").fetched(cnf)
    play.opens("ucm-sub1.lab.example:5090").connected()
    play.sends("^REGISTER sip:ucm-sub1").receives(refusal).closes().quiet()

Verbs in the present tense are the actor's: `opens`, `sends`, `closes`, `fetches`, `reports`, `quiet`. The
others are what happens to it: `does`, `connected`, `refused`, `accepted`, `receives`, `lost`, `fetched`,
`advances`. Each effect must be expected before the next thing happens; one that is not, or is another, fails
the test with the nearest miss and the whole story so far. (The idea is that of mitmproxy's `tutils.Playbook`.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from simulator.core.actor.flow import (
    Actor,
    Address,
    Effect,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
    Transport,
    fetching,
)
from simulator.core.events import Event
from simulator.core.events.log import EventLog
from simulator.core.ids import FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.facts import TlsFacts
from simulator.testing import expectations
from simulator.testing.expectations import Data, ExpectedEffect, described, shown

LOCAL = Address("192.0.2.10", 50_000)
"""Local address of flows that the actor opens; each has a port of its own."""
PHONE = Address("203.0.113.8", 58_980)
"""Remote address of flows that the actor accepts, unless the test names another."""


class Mismatch(AssertionError):
    """The actor did something else than the playbook says."""


@dataclass(slots=True)
class _Flow:
    id: FlowId
    effect: OpenFlow | None
    """None: a flow that the actor accepted."""
    sent: bytes = field(default=b"")
    """What the actor sent last."""


class Playbook:
    """`flows`: the FlowIds from which the actor takes its ids; `clock`: the clock of its event `log`."""

    def __init__(
        self,
        actor: Actor,
        *,
        flows: FlowIds | None = None,
        clock: ManualClock | None = None,
        log: EventLog | None = None,
    ) -> None:
        self.actor = actor
        self._flows = flows or FlowIds()
        self._clock = clock or ManualClock(Instant(0.0))
        self._log = log
        self._begin = self._clock.now()
        self._pending: deque[Effect] = deque()
        self._fetch: Fetch | None = None
        self._known: dict[str, _Flow] = {}
        self._current: _Flow | None = None
        self._story: list[str] = []
        self._reported = 0
        self._collect()

    @property
    def now(self) -> Instant:
        return self._clock.now()

    @property
    def flow(self) -> FlowId:
        """The flow that the next step is about: the newest one, or the one that `on` has named."""
        return self._flow().id

    # --- what the actor does ------------------------------------------------------------------------------

    def opens(
        self, remote: str | None = None, *, transport: Transport | None = None, name: str | None = None
    ) -> Self:
        """Expect it to open a flow to `remote` ("host:port"), to be called `name` by `on`."""
        effect = self._expect(expectations.opens(remote, transport))
        assert isinstance(effect, OpenFlow)
        self._use(_Flow(effect.flow, effect), name)
        return self

    def sends(self, data: Data) -> Self:
        """Expect it to send on the current flow.

        Bytes: exactly these. Text: a regular expression that is found in it ("^" begins a line). A function:
        says yes to the bytes.
        """
        flow = self._flow()
        effect = self._expect(expectations.sends(data, flow.id))
        assert isinstance(effect, SendData)
        flow.sent = effect.data
        return self

    def closes(self) -> Self:
        """Expect it to close the current flow."""
        self._expect(expectations.closes(self._flow().id))
        return self

    def fetches(self, url: str | None = None, *, method: str = "GET") -> Self:
        """Expect it to ask for a URL; `fetched` answers."""
        effect = self._expect(expectations.fetches(url, method))
        assert isinstance(effect, Fetch)
        self._fetch = effect
        return self

    def reports(self, kind: type[Event], **fields: object) -> Self:
        """Expect an event of this kind with these fields, after the last one that was expected."""
        if self._log is None:
            raise ValueError("a playbook without a log sees no events")
        near: list[tuple[int, str]] = []
        for record in self._log.records(since=self._reported):
            if record.actor != self.actor.name or not isinstance(record.event, kind):
                continue
            differing = {
                name: getattr(record.event, name)
                for name, wanted in fields.items()
                if getattr(record.event, name) != wanted
            }
            if not differing:
                self._reported = record.seq
                self._tell(f"reports {record.event.kind}")
                return self
            near.append(
                (len(differing), ", ".join(f"{name} is {value!r}" for name, value in differing.items()))
            )
        wanted = ", ".join(f"{name}={value!r}" for name, value in fields.items())
        miss = f"nearest: one with {min(near)[1]}" if near else f"there is no {kind.__name__}"
        raise self._mismatch(f"report {kind.__name__}({wanted})", [miss])

    def quiet(self) -> Self:
        """Expect that it does nothing more."""
        if self._pending:
            raise self._mismatch("do nothing more", self._list_pending())
        return self

    # --- what happens to it -------------------------------------------------------------------------------

    def does(self, action: Callable[[Instant], object]) -> Self:
        """Call a method of the actor's own, e.g. `phone.start`, with the time."""
        self._happens(f"{getattr(action, '__name__', 'a call')}()")
        action(self.now)
        return self._collect()

    def connected(self, *, tls: TlsFacts | None = None) -> Self:
        """Let the flow that it opens come up."""
        flow = self._flow()
        effect = flow.effect
        if effect is None:
            raise ValueError(f"flow {flow.id} was accepted: it is up")
        self._happens(f"flow {flow.id} is up")
        local = Address(LOCAL.host, LOCAL.port + flow.id)
        facts = FlowFacts(transport=effect.transport, local=local, remote=effect.remote, tls=tls)
        self.actor.flow_opened(flow.id, facts, self.now)
        return self._collect()

    def refused(self, detail: str = "connection refused") -> Self:
        """Let the flow that it opens fail."""
        return self._ends(FlowEnd(by="network", clean=False, detail=detail))

    def accepted(
        self,
        listener: str,
        *,
        transport: Transport = "tls",
        remote: Address = PHONE,
        local: Address = LOCAL,
        tls: TlsFacts | None = None,
        name: str | None = None,
    ) -> Self:
        """Let somebody connect to one of its listeners; the flow is called `name` by `on`."""
        flow = self._flows.take()
        self._happens(f"flow {flow} from {remote} at {listener!r}")
        self._use(_Flow(flow, None), name)
        facts = FlowFacts(transport=transport, local=local, remote=remote, tls=tls, listener=listener)
        self.actor.flow_opened(flow, facts, self.now)
        return self._collect()

    def receives(self, data: bytes | Callable[[bytes], bytes]) -> Self:
        """Let bytes arrive on the current flow; a function makes them from what the actor sent there last."""
        flow = self._flow()
        arriving = data if isinstance(data, bytes) else data(flow.sent)
        self._happens(f"flow {flow.id} brings {shown(arriving)}")
        self.actor.flow_data(flow.id, arriving, self.now)
        return self._collect()

    def lost(self, detail: str = "", *, by_peer: bool = True) -> Self:
        """Let the current flow end: closed by the peer, or else broken by the network."""
        return self._ends(FlowEnd(by="peer" if by_peer else "network", clean=by_peer, detail=detail))

    def fetched(self, body: bytes = b"", *, status: int | None = 200, failure: str = "") -> Self:
        """Answer the last fetch; with status None there is no answer, for the reason `failure`."""
        fetch = self._fetch
        if fetch is None:
            raise ValueError("no fetch is expected: call `fetches` before `fetched`")
        self._happens(f"{fetch.url} answers {status if status is not None else failure}")
        self._fetch = None
        result = Fetched(status=status, body=body, failure=failure)
        fetching(self.actor).fetched(fetch.key, result, self.now)
        return self._collect()

    def advances(self, seconds: float) -> Self:
        """Let time pass; timers that are due go off at their own instants."""
        self._happens(f"{seconds:g} s pass")
        end = Instant(self.now + seconds)
        while (due := self.actor.next_timeout()) is not None and due <= end:
            self._clock.set(max(due, self.now))
            self.actor.handle_timeout(self.now)
            self._collect()
        self._clock.set(end)
        return self

    def on(self, name: str) -> Self:
        """Speak of the flow with that name from here on."""
        self._current = self._known[name]
        return self

    # --- parts --------------------------------------------------------------------------------------------

    def _ends(self, end: FlowEnd) -> Self:
        flow = self._flow()
        self._happens(f"flow {flow.id} ends: {end.detail or f'closed by {end.by}'}")
        self.actor.flow_ended(flow.id, end, self.now)
        return self._collect()

    def _flow(self) -> _Flow:
        if self._current is None:
            raise ValueError("there is no flow yet: expect `opens` or let one be `accepted`")
        return self._current

    def _use(self, flow: _Flow, name: str | None) -> None:
        self._current = flow
        if name is not None:
            self._known[name] = flow

    def _collect(self) -> Self:
        self._pending += self.actor.effects()
        return self

    def _happens(self, what: str) -> None:
        if self._pending:
            raise self._mismatch(f"do nothing more before {what}", self._list_pending())
        self._tell(f"  {what}")

    def _expect(self, wanted: ExpectedEffect) -> Effect:
        if self._pending and not wanted.judge(self._pending[0]):
            effect = self._pending.popleft()
            self._tell(described(effect))
            return effect
        if not self._pending:
            raise self._mismatch(wanted.text, ["it does nothing"])
        nearest = min(self._pending, key=lambda effect: len(wanted.judge(effect)))
        misses = [miss for miss in wanted.judge(nearest) if miss]
        why = "; ".join(misses) if misses else "that is the one, but not the next"
        raise self._mismatch(wanted.text, [*self._list_pending(), f"nearest: {described(nearest)}", f"  {why}"])

    def _list_pending(self) -> list[str]:
        return [f"it {described(effect)}" for effect in self._pending]

    def _tell(self, what: str) -> None:
        self._story.append(f"{self.now - self._begin:10.3f}  {what}")

    def _mismatch(self, wanted: str, instead: list[str]) -> Mismatch:
        lines = [f"{self.actor.name} is expected to {wanted}", *(f"  {line}" for line in instead)]
        return Mismatch("\n".join([*lines, "the story so far, in seconds:", *self._story]))
