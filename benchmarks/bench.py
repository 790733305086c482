"""One benchmark run: its material and settings, and the two ways to load a server that every figure shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from benchmarks.harness import Effort, Figure, Placement, Served, served
from benchmarks.load import Line, Script, dial, drive, hang_up
from benchmarks.material import Material
from benchmarks.messages import PhoneId

LINES = 100
"""Kept connections, as in the figures of other programs."""
REPLY = (
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS 127.0.0.1:62162;branch=z9hG4bK00000001\r\n"
    f"X-Padding: {'x' * 700}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
)
"""What the bare servers answer: the size of the registrar's answer to a refresh."""


@dataclass(slots=True, kw_only=True)
class Settings:
    runs: int = 3
    seconds: float = 1.2
    """Aim for one run's length."""
    held: int = 5_000
    """TLS connections held for the memory figure."""
    new_tokens: int = 8_000
    """Tokens that are each used once per run."""
    connections: int = 2_000
    """New connections per run."""

    @classmethod
    def smoke(cls) -> Settings:
        """Everything once and tiny: proves that it runs, measures nothing."""
        return cls(runs=1, seconds=0.05, held=40, new_tokens=200, connections=40)


@dataclass(kw_only=True)
class Bench:
    settings: Settings
    placement: Placement
    figures: dict[str, Figure] = field(default_factory=dict)

    @cached_property
    def material(self) -> Material:
        return Material.create()

    @cached_property
    def phones(self) -> list[PhoneId]:
        """Provisioned in the registrar under test: enough for every figure, and none comes twice in one."""
        settings = self.settings
        dialled = settings.connections // 10 + settings.connections * settings.runs
        return [PhoneId(index) for index in range(max(dialled, settings.held + 2 * LINES))]

    @cached_property
    def tokens(self) -> list[str]:
        """One token of each phone's user."""
        return self.material.mint(self.phones)

    @contextmanager
    def serve(self, kind: str, **job: Any) -> Iterator[Served]:
        common = {"kind": kind, "core": self.placement.server, "phones": len(self.phones)}
        with served({**common, **self.material.to_job(), **job}) as server:
            yield server

    def registration(self, turn: int) -> Script:
        """REGISTER, 407, REGISTER with token, 200; each phone in its turn, CSeq rising when it comes again."""
        again, number = divmod(turn, len(self.phones))
        phone, cseq = self.phones[number], 1 + 2 * again
        bare, with_token = phone.splice(first=True), phone.splice(self.tokens[number], first=True)
        return (bare.request(cseq), b"407"), (with_token.request(cseq + 1), b"200")

    def refreshes(self, number: int, start: int = 3) -> Callable[[], bytes]:
        """The phone's refreshes, CSeq rising from `start`, always with its one token."""
        splice, cseq = self.phones[number].splice(self.tokens[number]), count(start)
        return lambda: splice.request(next(cseq))

    def kept(
        self,
        effort: Effort,
        server: Served,
        script: Callable[[int], Script],
        sources: Sequence[Callable[[], bytes]],
        *,
        expect: bytes = b"200",
        total: int | None = None,
    ) -> None:
        """All runs over one set of kept connections, opened with `script`; with `total` one run of so many.

        Without it each run takes about `seconds`, after a warm-up that is not counted.
        """
        context, numbers = self.material.client(), range(len(sources))
        _, sockets = dial(server.address("oauth"), context, map(script, numbers), keep=True)
        lines = [Line(tls, source) for tls, source in zip(sockets, sources, strict=True)]
        runs = 1 if total else self.settings.runs
        if total is None:
            warm_up = drive(lines, total=10 * len(lines), expect=expect)
            total = int(warm_up.rate * self.settings.seconds)
        for _ in range(runs):
            before = server.cpu()
            effort.add(drive(lines, total=total, expect=expect), before, server.cpu())
        for tls in sockets:
            hang_up(tls)

    def fresh(
        self,
        effort: Effort,
        server: Served,
        script: Callable[[int], Script],
        *,
        listener: str = "oauth",
        mutual: bool = False,
    ) -> None:
        """All runs of new connections, one `script` each, after a warm-up that is not counted."""
        context, address = self.material.client(mutual=mutual), server.address(listener)
        turns = count()
        dial(address, context, [script(next(turns)) for _ in range(self.settings.connections // 10)])
        for _ in range(self.settings.runs):
            batch = [script(next(turns)) for _ in range(self.settings.connections)]
            before = server.cpu()
            load, _ = dial(address, context, batch)
            effort.add(load, before, server.cpu())
