"""Unified CM servers of an Expressway-C: discover, refresh, and what is true until the next time.

One conversation at a time; the others wait. What fails changes nothing [assumed]: a refresh leaves what was
true, a server that could not be added is shown as failed and not asked again, a known one keeps its password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from simulator.core.actor.flow import Fetch, Fetched
from simulator.core.events import UcmDiscovered, UcmQueried
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.admin.discovery import (
    Conversation,
    DiscoveryFailed,
    DiscoveryRequest,
    Found,
    Identity,
    UcmServer,
    converse,
)
from simulator.expressway.core.outbox import Outbox

PREFIX = "cucm/"
"""Of this part's fetch keys."""
TIMEOUT = 10.0
"""Seconds an answer may take. [assumed; a whole refresh takes 5 to 45 s: administration 9.1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """A row of the Unified CM servers page."""

    publisher: str
    state: Literal["waiting", "discovering", "discovered", "failed"]
    detail: str = ""
    version: str = ""
    nodes: tuple[str, ...] = ()


class Administration:
    def __init__(
        self,
        *,
        out: Outbox,
        me: Callable[[], Identity],
        trust: Callable[[], tuple[bytes, ...]],
        apply: Callable[[UcmServer, Found], None],
    ) -> None:
        """`me` and `trust` are asked when a conversation begins; `apply` gets what it found out."""
        self._out, self._me, self._trust, self._apply = out, me, trust, apply
        self._servers: dict[str, UcmServer] = {}
        self._status: dict[str, ServerStatus] = {}
        self._queue: list[UcmServer] = []
        self._talking: Conversation | None = None
        self._asked = 0
        self._last = UcmQueried(function="", url="")

    @property
    def servers(self) -> tuple[ServerStatus, ...]:
        return tuple(self._status.values())

    @property
    def busy(self) -> bool:
        return self._talking is not None

    def discover(self, server: UcmServer) -> None:
        """Add address: the connection is tried and everything is asked."""
        self._start(server)

    def refresh(self) -> frozenset[str]:
        """Refresh servers: all of them again; returns which. LookupError if there is none."""
        if not self._servers:
            raise LookupError("no Unified CM server was added: discover one first")
        for server in tuple(self._servers.values()):
            self._start(server)
        return frozenset(self._servers)

    def adopt(self, server: UcmServer, found: Found) -> None:
        """As if it had been discovered before."""
        self._done(server, found)

    def _start(self, server: UcmServer) -> None:
        self._set(ServerStatus(publisher=server.publisher, state="waiting"))
        self._queue.append(server)
        if self._talking is None:
            self._next()

    def _next(self) -> None:
        self._talking = converse(self._queue[0], self._me())
        self._set(ServerStatus(publisher=self._queue[0].publisher, state="discovering"))
        self._step(lambda talk: next(talk))

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        if self._talking is None or key != f"{PREFIX}{self._asked}":
            return
        self._step(lambda talk: talk.send(result), result)

    def _step(self, go: Callable[[Conversation], DiscoveryRequest], result: Fetched | None = None) -> None:
        talk, server = self._talking, self._queue[0]
        assert talk is not None
        if result is not None and self._out.journal.on:
            event = replace(self._last, status=result.status or 0, detail=result.failure)
            self._out.journal.add(event)
        try:
            ask = go(talk)
        except StopIteration as stop:
            found: Found = stop.value
            self._close()
            self._done(server, found)
            nodes = tuple(node.host for node in found.nodes)
            self._out.journal.add(
                UcmDiscovered(
                    publisher=server.publisher,
                    discovered=True,
                    nodes=nodes,
                    version=found.version,
                    pushed=found.pushed,
                )
            )
        except DiscoveryFailed as failure:
            self._close()
            self._set(ServerStatus(publisher=server.publisher, state="failed", detail=str(failure)))
            self._out.journal.add(
                UcmDiscovered(publisher=server.publisher, discovered=False, detail=str(failure))
            )
        else:
            self._ask(server, ask)
            return
        if self._queue:
            self._next()

    def _ask(self, server: UcmServer, ask: DiscoveryRequest) -> None:
        self._asked += 1
        url = server.url(ask.path)
        self._last = UcmQueried(function=ask.function, url=url)
        self._out.put(
            Fetch(
                key=f"{PREFIX}{self._asked}",
                url=url,
                method=ask.method,
                headers=ask.headers,
                body=ask.body,
                timeout=TIMEOUT,
                tls=ClientTls(
                    server_name=server.publisher,
                    trust=self._trust(),
                    verify=server.tls_verify,
                    check_hostname=server.tls_verify,
                ),
                redirects=False,
            )
        )

    def _done(self, server: UcmServer, found: Found) -> None:
        self._servers[server.publisher.lower()] = server
        self._apply(server, found)
        self._set(
            ServerStatus(
                publisher=server.publisher,
                state="discovered",
                version=found.version,
                nodes=tuple(node.host for node in found.nodes),
            )
        )

    def _close(self) -> None:
        self._queue.pop(0)
        self._talking = None

    def _set(self, status: ServerStatus) -> None:
        self._status[status.publisher.lower()] = status
