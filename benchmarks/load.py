"""The load client: prebuilt bytes in, statuses counted out, cheap enough not to be the bottleneck.

`dial` opens many connections at a time over non-blocking sockets; `drive` keeps opened ones busy in turn with
blocking reads: while one answer is awaited all the others are already on their way, and no selector is needed.
"""

from __future__ import annotations

import re
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from benchmarks.messages import NODE

_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
_CHUNK = 65_536

Address = tuple[str, int]
Script = Sequence[tuple[bytes, bytes]]
"""What one connection says, in order: a request, and the three digits its final answer must begin with."""


class UnexpectedAnswer(Exception):
    """The server said something else than the benchmark is about: a figure would be worthless."""


@dataclass(slots=True)
class Load:
    """What was done, in how much wall-clock and how much processor time of this process (seconds)."""

    done: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    @property
    def ceiling(self) -> float:
        """What this client could do if the server cost nothing: done per second of its own processor time."""
        return self.done / self.cpu if self.cpu else float("inf")


class _Stopwatch:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def stop(self) -> None:
        self._load.seconds = time.perf_counter() - self._wall
        self._load.cpu = time.process_time() - self._cpu


def take_answers(buffer: bytes) -> tuple[list[bytes], bytes]:
    """(the status of each whole final answer, what is left over); an echoed request counts with its first word.

    Framing by Content-Length; provisional answers are skipped.
    """
    statuses: list[bytes] = []
    start = 0
    while (end := buffer.find(b"\r\n\r\n", start)) >= 0:
        length = _LENGTH.search(buffer, start, end + 2)
        stop = end + 4 + (int(length[1]) if length else 0)
        if stop > len(buffer):
            break
        status = buffer[start + 8 : start + 11] if buffer.startswith(b"SIP/2.0 ", start) else b"ECH"
        if not status.startswith(b"1"):
            statuses.append(status)
        start = stop
    return statuses, buffer[start:] if start else buffer


# --- connections kept open -----------------------------------------------------------------------------------


class Line:
    """One kept connection and the source of its next request."""

    __slots__ = ("left_over", "next_request", "tls")

    def __init__(self, tls: ssl.SSLSocket, next_request: Callable[[], bytes]) -> None:
        tls.setblocking(True)
        self.tls = tls
        self.next_request = next_request
        self.left_over = b""


def drive(lines: Sequence[Line], *, total: int, expect: bytes = b"200", depth: int = 1) -> Load:
    """`total` requests over all lines together, `depth` outstanding on each; every answer must be `expect`.

    Half of the lines are read while the other half keeps the server busy. The half's last line is read first:
    its answer comes last, so this process is woken once for them all and not by each send of the server, which
    would pay for that (some microseconds on a virtual machine).
    """
    load = Load()
    rounds = max(1, total // (len(lines) * depth))
    halves = [half for half in (lines[0::2], lines[1::2]) if half]
    watch = _Stopwatch(load)
    for half in halves:
        for line in half:
            line.tls.write(_requests(line, depth))
    for round_number in range(rounds):
        last = round_number == rounds - 1
        for half in halves:
            _await_answers(half[-1], depth, expect)
            for line in half[:-1]:
                _await_answers(line, depth, expect)
            if not last:
                for line in half:
                    line.tls.write(_requests(line, depth))
    watch.stop()
    load.done = rounds * len(lines) * depth
    load.statuses[expect.decode()] = load.done
    return load


def _requests(line: Line, depth: int) -> bytes:
    if depth == 1:
        return line.next_request()
    return b"".join(line.next_request() for _ in range(depth))


def _await_answers(line: Line, depth: int, expect: bytes) -> None:
    answered = 0
    while answered < depth:
        data = line.tls.read(_CHUNK)
        if not data:
            raise UnexpectedAnswer("the server closed a kept connection")
        statuses, line.left_over = take_answers(line.left_over + data if line.left_over else data)
        for status in statuses:
            if status != expect:
                raise UnexpectedAnswer(f"expected {expect.decode()}, got {status.decode(errors='replace')}")
        answered += len(statuses)


# --- connections opened for one conversation -----------------------------------------------------------------


class _Call:
    """One connection on its way through TCP, TLS and its script."""

    __slots__ = ("buffer", "shaken", "step", "steps", "tls")

    def __init__(self, tls: ssl.SSLSocket, steps: Script) -> None:
        self.tls = tls
        self.steps = steps
        self.step = 0
        self.buffer = b""
        self.shaken = False

    def advance(self, statuses: Counter[str]) -> bool:
        """Go as far as the bytes that are there allow; True when the script is through."""
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
                if not self.steps:
                    return True
                self.tls.write(self.steps[0][0])
            while True:
                data = self.tls.read(_CHUNK)
                if not data:
                    raise UnexpectedAnswer(f"the server closed at step {self.step}")
                answers, self.buffer = take_answers(self.buffer + data)
                for status in answers:
                    expected = self.steps[self.step][1]
                    if status != expected:
                        got = status.decode(errors="replace")
                        raise UnexpectedAnswer(f"step {self.step}: expected {expected.decode()}, got {got}")
                    statuses[status.decode()] += 1
                    self.step += 1
                    if self.step == len(self.steps):
                        return True
                    self.tls.write(self.steps[self.step][0])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False


def dial(
    address: Address,
    context: ssl.SSLContext,
    scripts: Iterable[Script],
    *,
    width: int = 24,
    keep: bool = False,
) -> tuple[Load, list[ssl.SSLSocket]]:
    """One new connection a script, `width` of them at a time. `done` counts connections.

    With `keep` the connections stay open and are returned, in the order in which their scripts came.
    """
    load = Load()
    kept: dict[int, ssl.SSLSocket] = {}
    todo = iter(enumerate(scripts))
    with selectors.DefaultSelector() as selector:
        watch = _Stopwatch(load)
        open_now = sum(_begin(address, context, selector, call) for call in islice(todo, width))
        while open_now:
            for key, _ in selector.select(timeout=20.0) or _nothing_came(address):
                number, call = key.data
                if not call.advance(load.statuses):
                    continue
                load.done += 1
                selector.unregister(call.tls)
                if keep:
                    kept[number] = call.tls
                else:
                    hang_up(call.tls)
                if (following := next(todo, None)) is not None:
                    _begin(address, context, selector, following)
                else:
                    open_now -= 1
        watch.stop()
    return load, [kept[number] for number in sorted(kept)]


def _begin(
    address: Address, context: ssl.SSLContext, selector: selectors.BaseSelector, call: tuple[int, Script]
) -> int:
    number, script = call
    plain = socket.create_connection(address)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.setblocking(False)
    tls = context.wrap_socket(plain, do_handshake_on_connect=False, server_hostname=NODE)
    started = _Call(tls, script)
    selector.register(tls, selectors.EVENT_READ, (number, started))
    started.advance(Counter())
    return 1


def _nothing_came(address: Address) -> Iterator[tuple[selectors.SelectorKey, int]]:
    raise UnexpectedAnswer(f"nothing came from {address[0]}:{address[1]} for 20 s")


def hang_up(tls: ssl.SSLSocket) -> None:
    """close_notify and FIN, as an orderly phone does; the server's own close_notify is not awaited."""
    tls.setblocking(False)
    with suppress(ssl.SSLError, OSError):
        tls.unwrap()
    tls.close()
