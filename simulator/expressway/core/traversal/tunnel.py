"""The two ends of the tunnel that 8443's requests take from an Expressway-E to its C.

The product's SSH tunnels are opened by the Expressway-C to port 2222 [documented: mobile and remote access
guide, firewall rules]; this one is mutual TLS [assumed]. Without it, and if nothing comes back, the edge
answers 503 and 504. [assumed]
"""

from __future__ import annotations

from simulator.core.actor.flow import CloseFlow, FlowFacts, SendData
from simulator.core.events import ZoneChanged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.mra_https import answers
from simulator.expressway.core.mra_https.query import Answered, Ask, EdgeAnswer, EdgeQuery
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.zone import ZoneState
from simulator.expressway.core.traversal import frames
from simulator.expressway.core.traversal.frames import FrameError, Frames
from simulator.expressway.core.traversal.server import is_client

TUNNELS = "SSH tunnels"
"""As the status page calls them. [documented]"""
PATIENCE = 15.0
"""Seconds for an answer: more than the Expressway-C gives UCM."""


class TunnelServer:
    """At the Expressway-E; `answered` gets what came of each `ask`."""

    def __init__(self, *, verify: str, out: Outbox, answered: Answered) -> None:
        self._verify, self._out, self._answered = verify, out, answered
        self.flow: FlowId | None = None
        self.state: ZoneState = "idle"
        self.detail = ""
        self.cut = False
        """Fault: whoever connects is let go."""
        self._frames = Frames()
        self._waiting: dict[int, Instant] = {}

    def accept(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if self.cut:
            self._out.put(CloseFlow(flow))
            return
        if not is_client(facts, self._verify, flow, self._out):
            return
        if self.flow is not None:
            self._out.put(CloseFlow(self.flow))
            self._give_up(now)
        self.flow, self.state, self.detail, self._frames = flow, "active", "", Frames()
        self._out.journal.add(ZoneChanged(zone=TUNNELS, state="active"), flow=flow)

    def ask(self, number: int, query: EdgeQuery, now: Instant) -> None:
        if self.flow is None:
            self._fail(number, 503, "no tunnel to the Expressway-C", now)
            return
        self._waiting[number] = Instant(now + PATIENCE)
        self._out.put(SendData(self.flow, frames.of_query(number, query)))

    def data(self, data: bytes, now: Instant) -> None:
        try:
            for frame in self._frames.receive(data):
                number, answer = frames.read_answer(frame)
                if self._waiting.pop(number, None) is not None:
                    self._answered(number, answer, now)
        except FrameError as error:
            self.close(f"closed by us, unreadable: {error}", now)

    def close(self, detail: str, now: Instant) -> None:
        if self.flow is not None:
            self._out.put(CloseFlow(self.flow))
            self.lost(detail, now)

    def lost(self, detail: str, now: Instant) -> None:
        flow, self.flow = self.flow, None
        self.state, self.detail = "failed", detail
        self._out.journal.add(ZoneChanged(zone=TUNNELS, state="failed", detail=detail), flow=flow)
        self._give_up(now)

    def forget(self) -> None:
        """The connection is gone without a word: we were switched off."""
        self.flow, self.state, self.detail = None, "idle", ""
        self._waiting.clear()

    def next_timeout(self) -> Instant | None:
        return next(iter(self._waiting.values()), None)

    def handle_timeout(self, now: Instant) -> None:
        for number in [number for number, due in self._waiting.items() if due <= now]:
            del self._waiting[number]
            self._fail(number, 504, f"no answer from the Expressway-C within {PATIENCE:g} s", now)

    def _give_up(self, now: Instant) -> None:
        waiting, self._waiting = self._waiting, {}
        for number in waiting:
            self._fail(number, 503, "the tunnel to the Expressway-C was lost", now)

    def _fail(self, number: int, status: int, detail: str, now: Instant) -> None:
        self._answered(number, EdgeAnswer(response=answers.plain(status), detail=detail), now)


class TunnelClient:
    """At the Expressway-C; `ask` is the service behind, which answers at once or later."""

    def __init__(self, *, out: Outbox, ask: Ask) -> None:
        self._out, self._ask = out, ask
        self._flow: FlowId | None = None
        self._frames = Frames()
        self._asked = 0
        self._theirs: dict[int, int] = {}
        """Our number of a request -> Expressway-E's. Those of a connection that is gone are not here."""

    def up(self, flow: FlowId) -> None:
        self._flow, self._frames = flow, Frames()

    def down(self) -> None:
        self._flow = None
        self._theirs.clear()

    def data(self, data: bytes, now: Instant) -> str:
        """Why the connection is of no use: what came is no tunnel. Empty: all is well."""
        try:
            for frame in self._frames.receive(data):
                theirs, query = frames.read_query(frame)
                self._asked += 1
                self._theirs[self._asked] = theirs
                self._ask(self._asked, query, now)
        except FrameError as error:
            return f"closed by us, unreadable: {error}"
        return ""

    def answer(self, number: int, answer: EdgeAnswer, now: Instant) -> None:
        theirs = self._theirs.pop(number, None)
        if theirs is None or self._flow is None:
            return
        frame = frames.of_answer(theirs, answer)
        if len(frame) > frames.LIMIT:
            refused = EdgeAnswer(response=answers.plain(502), detail="an answer too long for the tunnel")
            frame = frames.of_answer(theirs, refused)
        self._out.put(SendData(self._flow, frame))
