"""What every softphone test starts from: a device file to change, a bench with a scripted UCM."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from simulator.core.actor.flow import Address, CloseFlow, Fetch, Fetched, FlowEnd, FlowFacts, OpenFlow, SendData
from simulator.core.entropy import SeededEntropy
from simulator.core.events import Event
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant, ManualClock
from simulator.core.sip import Request, Response, parse_bearer, parse_message, reply_to, serialize, stun
from simulator.core.sip.bearer import UCM, BearerToken
from softphone.core.actors.softphone import Softphone
from softphone.core.settings.profile import AccessToken, PhoneProfile, TokenSource

BASE = (Path(__file__).parent / "core" / "device_file" / "CSFADA.cnf.xml").read_text("utf-8")
START = 1_585_566_199.0  # Mon, 30 Mar 2020 11:03:19 GMT
LOCAL = Address("192.0.2.10", 62162)
SUB1, SUB2 = "ucm-sub1.lab.example", "ucm-sub2.lab.example"


def change(*edits: tuple[str, str], text: str = BASE) -> bytes:
    """The file with each (old, new) applied everywhere; an edit that changes nothing is a test's mistake."""
    for old, new in edits:
        assert old in text, f"nothing to change: {old!r}"
        text = text.replace(old, new)
    return text.encode()


@pytest.fixture
def cnf() -> Callable[..., bytes]:
    """`cnf()`, or `cnf(("<sipOAuthMode>1", "<sipOAuthMode>0"), ...)`."""
    return change


class Tokens(TokenSource):
    """token-1, token-2, ...: `current` is the last one made, `renewed` makes `left` more."""

    def __init__(self, *, lifetime: float = 3600.0, left: int = 100) -> None:
        self.lifetime = lifetime
        self.left = left
        self.made = 0
        self.token: AccessToken | None = None

    def current(self, now: Instant) -> AccessToken | None:
        return self.token or self._make(now)

    def renewed(self, now: Instant) -> AccessToken | None:
        if self.left <= 0:
            return None
        self.left -= 1
        return self._make(now)

    def _make(self, now: Instant) -> AccessToken:
        self.made += 1
        self.token = AccessToken(f"token-{self.made:020}", Instant(now + self.lifetime))
        return self.token


Rule = Callable[[Request], "Response | bytes | None"]


@dataclass
class Ucm:
    """A registrar without memory: challenges what has no token, grants the rest. `script` goes first."""

    granted: int = 120
    refused: set[str] = field(default_factory=set)
    """Tokens that are challenged again."""
    script: deque[Rule | int | None] = field(default_factory=deque)
    """For each coming request: a status, a rule, or None for silence."""
    refer_status: int = 202
    seen: list[Request] = field(default_factory=list)
    bearer: bool = True

    def answer(self, request: Request) -> Response | bytes | None:
        self.seen.append(request)
        if self.script:
            rule = self.script.popleft()
            if rule is None:
                return None
            return reply_to(request, rule, to_tag="1") if isinstance(rule, int) else rule(request)
        if request.method == "REFER":
            return reply_to(request, self.refer_status, to_tag="2")
        token = parse_bearer(request)
        if self.bearer and (not isinstance(token, BearerToken) or token.token in self.refused):
            return challenge(request)
        return self.grant(request)

    def grant(self, request: Request, *, newreg: bool = False) -> Response:
        contact = request.headers.get("Contact") or ""
        seconds = min(self.granted, request.expires or 0)
        extra = [("Expires", str(seconds))]
        if seconds:
            extra.append(("Contact", contact + (";x-cisco-newreg" if newreg else "")))
        return reply_to(request, 200, to_tag="3", extra=extra)


def challenge(request: Request) -> Response:
    return reply_to(request, 407, to_tag="4", extra=[UCM.challenge()])


class Bench:
    """One phone, nodes by "host:port", and a clock. Bytes arrive at once; time passes by `advance`."""

    def __init__(
        self,
        *,
        config: bytes | None = None,
        tokens: TokenSource | None = None,
        seed: int = 1,
        keep: int | None = None,
        **profile: Any,
    ) -> None:
        self.clock = ManualClock(START)
        self.log = EventLog(self.clock, keep=keep)
        self.tokens = tokens or Tokens()
        self.config: bytes | int | Fetched | dict[str, bytes | int | Fetched] = (
            change() if config is None else config
        )
        self.ucm = Ucm()
        self.nodes: dict[str, Ucm] = {}
        """Other registrars, by "host:port"."""
        self.down: dict[str, FlowEnd] = {}
        """Addresses that cannot be reached, and how that shows; the key "host" is enough."""
        self.slow: set[str] = set()
        """Addresses whose connection attempt is neither answered nor refused."""
        self.flows: dict[FlowId, OpenFlow] = {}
        self.facts: dict[FlowId, FlowFacts] = {}
        self.opened: list[OpenFlow] = []
        self.closed: list[FlowId] = []
        self.fetches: list[Fetch] = []
        self.sent: list[Request | Response] = []
        self.raw: list[bytes] = []
        self.deaf: set[str] = set()
        """Edges that do not answer STUN, by "host:port"."""
        settings: dict[str, Any] = {
            "device": "CSFADA",
            "user": "ada",
            "config_urls": ("http://tftp.lab.example:6970/CSFADA.cnf.xml",),
            "mac": "882323451234",
            **profile,
        }
        self.phone = Softphone(
            PhoneProfile(**settings),
            tokens=self.tokens,
            entropy=SeededEntropy(seed),
            journal=self.log.journal(ActorId("CSFADA")),
            flows=FlowIds(),
        )

    @property
    def now(self) -> Instant:
        return self.clock.now()

    def start(self) -> Bench:
        self.phone.start(self.now)
        return self.until_idle()

    def stop(self) -> Bench:
        self.phone.stop(self.now)
        return self.until_idle()

    def until_idle(self) -> Bench:
        while effects := self.phone.effects():
            for effect in effects:
                match effect:
                    case Fetch():
                        self._fetch(effect)
                    case OpenFlow():
                        self._open(effect)
                    case SendData():
                        self._carry(effect)
                    case CloseFlow():
                        self.closed.append(effect.flow)
                        self.flows.pop(effect.flow, None)
        return self

    def advance(self, seconds: float) -> Bench:
        end = Instant(self.now + seconds)
        while (due := self.phone.next_timeout()) is not None and due <= end:
            self.clock.set(Instant(max(due, self.now)))
            self.phone.handle_timeout(self.now)
            self.until_idle()
        self.clock.set(end)
        return self

    def hear(self, message: Request | Response | bytes, flow: FlowId | None = None) -> Bench:
        """What the node sends of its own accord, on the newest flow if none is named."""
        data = message if isinstance(message, bytes) else serialize(message)
        self.phone.flow_data(flow if flow is not None else max(self.flows), data, self.now)
        return self.until_idle()

    def lose(self, flow: FlowId | None = None, *, detail: str = "connection reset by peer") -> Bench:
        gone = flow if flow is not None else min(self.flows)
        del self.flows[gone]
        self.phone.flow_ended(gone, FlowEnd(by="network", clean=False, detail=detail), self.now)
        return self.until_idle()

    def connect(self, flow: FlowId) -> Bench:
        """Let a slow connection attempt succeed."""
        self.phone.flow_opened(flow, self._facts(self.flows[flow]), self.now)
        return self.until_idle()

    def events(self, kind: type[Event]) -> list[Any]:
        return self.log.of(kind)

    def kinds(self, *prefixes: str) -> list[str]:
        return [r.event.kind for r in self.log if r.event.kind.startswith(prefixes)]

    def requests(self, method: str = "REGISTER") -> list[Request]:
        return [one for one in self.sent if isinstance(one, Request) and one.method == method]

    @property
    def to(self) -> list[str]:
        """Addresses the phone connected to, in order."""
        return [str(effect.remote) for effect in self.opened]

    def _facts(self, effect: OpenFlow) -> FlowFacts:
        local = replace(LOCAL, port=LOCAL.port + len(self.facts))
        facts = FlowFacts(transport=effect.transport, local=local, remote=effect.remote)
        return self.facts.setdefault(effect.flow, facts)

    def _fetch(self, effect: Fetch) -> None:
        self.fetches.append(effect)
        found = self.config[effect.url] if isinstance(self.config, dict) else self.config
        if isinstance(found, bytes):
            found = Fetched(status=200, body=found)
        elif isinstance(found, int):
            found = Fetched(status=found, body=b"<html><device/></html>")
        self.phone.fetched(effect.key, found, self.now)

    def _open(self, effect: OpenFlow) -> None:
        self.opened.append(effect)
        self.flows[effect.flow] = effect
        address = str(effect.remote)
        end = self.down.get(address) or self.down.get(effect.remote.host)
        if end is not None:
            del self.flows[effect.flow]
            self.phone.flow_ended(effect.flow, end, self.now)
        elif address not in self.slow:
            self.phone.flow_opened(effect.flow, self._facts(effect), self.now)

    def _keep_alive(self, effect: SendData) -> None:
        if str(self.flows[effect.flow].remote) not in self.deaf:
            answer = stun.StunMessage("response", stun.parse(effect.data).transaction)
            self.phone.flow_data(effect.flow, stun.render(answer), self.now)

    def _carry(self, effect: SendData) -> None:
        if effect.flow not in self.flows:
            return
        self.raw.append(effect.data)
        if effect.data[:1] == b"\0":
            self._keep_alive(effect)
            return
        message = parse_message(effect.data)
        self.sent.append(message)
        if isinstance(message, Response):
            return
        node = self.nodes.get(str(self.flows[effect.flow].remote), self.ucm)
        reply = node.answer(message)
        if reply is not None and effect.flow in self.flows:
            data = reply if isinstance(reply, bytes) else serialize(reply)
            self.phone.flow_data(effect.flow, data, self.now)


REFUSED_CONNECTION = FlowEnd(by="network", clean=False, detail="connection refused")


@pytest.fixture
def bench() -> type[Bench]:
    """`bench(config=..., tokens=..., **profile)`: a phone that has not started yet."""
    return Bench


@pytest.fixture
def tokens() -> type[Tokens]:
    return Tokens


@pytest.fixture
def ucm() -> type[Ucm]:
    return Ucm


@pytest.fixture
def refused_connection() -> FlowEnd:
    return REFUSED_CONNECTION
