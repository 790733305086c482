"""The two ends of the tunnel that requests to 8443 take from an Expressway-E to its Expressway-C.

The product's SSH tunnels are opened by the Expressway-C to port 2222 [documented: mobile and remote access
guide, firewall rules]; this one is mutual TLS [assumed]. Without it, and if nothing comes back, the edge
answers 503 and 504. [assumed]
"""

from __future__ import annotations

from collections import deque

from simulator.core.actor.flow import CloseFlow, FlowFacts, SendData
from simulator.core.events import ZoneChanged
from simulator.core.ids import FlowId
from simulator.core.instant import Instant
from simulator.expressway.core.mra_https import messages
from simulator.expressway.core.mra_https.messages import MraAnswer, MraRequest
from simulator.expressway.core.outbox import Outbox
from simulator.expressway.core.sip.zone import ZoneState
from simulator.expressway.core.traversal import frames
from simulator.expressway.core.traversal.frames import FrameError, Frames
from simulator.expressway.core.traversal.server import is_client

TUNNELS = "SSH tunnels"
"""As the status page calls them. [documented]"""
PATIENCE = 15.0
"""Seconds for an answer: more than the Expressway-C gives UCM."""


Answers = list[tuple[int, MraAnswer]]
"""Numbers of requests, each with its answer."""


class TunnelServer:
    """The Expressway-E's end. `verify`: the name that the Expressway-C's certificate must carry."""

    def __init__(self, *, verify: str, out: Outbox) -> None:
        self._verify, self._out = verify, out
        self.flow: FlowId | None = None
        self.state: ZoneState = "idle"
        self.detail = ""
        self.cut = False
        """Fault: every connection is closed at once."""
        self._frames = Frames()
        self._waiting: dict[int, Instant] = {}

    def accept(self, flow: FlowId, facts: FlowFacts) -> Answers:
        """Use a connection to the tunnel's listener; return the answers that the previous one owes."""
        if self.cut:
            self._out.put(CloseFlow(flow))
            return []
        if not is_client(facts, self._verify, flow, self._out):
            return []
        owed: Answers = []
        if self.flow is not None:
            self._out.put(CloseFlow(self.flow))
            owed = self._give_up()
        self.flow, self.state, self.detail, self._frames = flow, "active", "", Frames()
        self._out.journal.add(ZoneChanged(zone=TUNNELS, state="active"), flow=flow)
        return owed

    def ask(self, number: int, request: MraRequest, now: Instant) -> MraAnswer | None:
        """Send a request to the Expressway-C; return the answer if there is no connection to it."""
        if self.flow is None:
            return _failed(503, "no tunnel to the Expressway-C")
        self._waiting[number] = Instant(now + PATIENCE)
        self._out.put(SendData(self.flow, frames.of_query(number, request)))
        return None

    def data(self, data: bytes) -> Answers:
        """Return the answers that have come; bytes that are no frames close the connection."""
        answers: Answers = []
        try:
            for frame in self._frames.receive(data):
                number, answer = frames.read_answer(frame)
                if self._waiting.pop(number, None) is not None:
                    answers.append((number, answer))
        except FrameError as error:
            answers += self.close(f"closed by us, unreadable: {error}")
        return answers

    def close(self, detail: str) -> Answers:
        """Close the connection; return the answers that it owes."""
        if self.flow is None:
            return []
        self._out.put(CloseFlow(self.flow))
        return self.lost(detail)

    def lost(self, detail: str) -> Answers:
        """Report that the connection is gone; return the answers that it owes."""
        flow, self.flow = self.flow, None
        self.state, self.detail = "failed", detail
        self._out.journal.add(ZoneChanged(zone=TUNNELS, state="failed", detail=detail), flow=flow)
        return self._give_up()

    def forget(self) -> None:
        """Go back to idle: the Expressway was switched off, and nobody closed the connection."""
        self.flow, self.state, self.detail = None, "idle", ""
        self._waiting.clear()

    def next_timeout(self) -> Instant | None:
        """Return the instant at which the oldest request has waited too long."""
        return next(iter(self._waiting.values()), None)

    def handle_timeout(self, now: Instant) -> Answers:
        """Return the answers to requests that have waited too long."""
        overdue = [number for number, due in self._waiting.items() if due <= now]
        for number in overdue:
            del self._waiting[number]
        detail = f"no answer from the Expressway-C within {PATIENCE:g} s"
        return [(number, _failed(504, detail)) for number in overdue]

    def _give_up(self) -> Answers:
        waiting, self._waiting = self._waiting, {}
        return [(number, _failed(503, "the tunnel to the Expressway-C was lost")) for number in waiting]


def _failed(status: int, detail: str) -> MraAnswer:
    return MraAnswer(response=messages.plain(status), detail=detail)


class TunnelClient:
    """The Expressway-C's end: take requests from `next_request`, and give each its `answer`."""

    def __init__(self, *, out: Outbox) -> None:
        self._out = out
        self._flow: FlowId | None = None
        self._frames = Frames()
        self._asked = 0
        self._queue: deque[tuple[int, MraRequest]] = deque()
        self._theirs: dict[int, int] = {}
        """Number of a request here -> its number at the Expressway-E, for the present connection only."""

    def up(self, flow: FlowId) -> None:
        """Use a connection that has come up."""
        self._flow, self._frames = flow, Frames()

    def down(self) -> None:
        """Drop the connection's requests: it is gone."""
        self._flow = None
        self._theirs.clear()
        self._queue.clear()

    def data(self, data: bytes) -> str:
        """Read what the Expressway-E sent; return why the connection is of no use, or an empty text."""
        try:
            for frame in self._frames.receive(data):
                theirs, request = frames.read_query(frame)
                self._asked += 1
                self._theirs[self._asked] = theirs
                self._queue.append((self._asked, request))
        except FrameError as error:
            return f"closed by us, unreadable: {error}"
        return ""

    def next_request(self) -> tuple[int, MraRequest] | None:
        """Take the next request and the number under which it is to be answered; None if none waits."""
        return self._queue.popleft() if self._queue else None

    def answer(self, number: int, answer: MraAnswer) -> None:
        """Send the answer to a request of the present connection."""
        theirs = self._theirs.pop(number, None)
        if theirs is None or self._flow is None:
            return
        frame = frames.of_answer(theirs, answer)
        if len(frame) > frames.LIMIT:
            frame = frames.of_answer(theirs, _failed(502, "an answer too long for the tunnel"))
        self._out.put(SendData(self._flow, frame))
