"""The Unified CM servers of an Expressway-C: discover one, refresh all, and the state of each.

One conversation at a time; the others wait. A failure changes nothing [assumed]: a failed refresh keeps what
was found before, a server that could not be added is shown as failed and not asked again, a known one keeps
its password.
"""

from __future__ import annotations

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
from simulator.expressway.core.certificates import Certificates
from simulator.expressway.core.outbox import Outbox

PREFIX = "cucm/"
"""The beginning of the fetch keys of this part."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What a conversation with a server found; the zones and keys are to be made of it."""

    server: UcmServer
    found: Found


class ExpresswayAdministration:
    """`identity` is what the next conversation tells UCM; change it together with the server certificate."""

    def __init__(self, *, identity: Identity, certificates: Certificates, out: Outbox) -> None:
        self.identity = identity
        self._out, self._certificates = out, certificates
        self._servers: dict[str, UcmServer] = {}
        self._status: dict[str, ServerStatus] = {}
        self._queue: list[UcmServer] = []
        self._talking: Conversation | None = None
        self._asked = 0
        self._last = UcmQueried(function="", url="")

    @property
    def servers(self) -> tuple[ServerStatus, ...]:
        """The rows of the Unified CM servers page."""
        return tuple(self._status.values())

    @property
    def busy(self) -> bool:
        """Whether a conversation is under way."""
        return self._talking is not None

    def discover(self, server: UcmServer) -> None:
        """Ask a server everything, and add it if it answers; its password may be new."""
        self._start(server)

    def refresh(self) -> frozenset[str]:
        """Ask all servers again, and return which. Raises LookupError if there is none."""
        if not self._servers:
            raise LookupError("no Unified CM server was added: discover one first")
        for server in tuple(self._servers.values()):
            self._start(server)
        return frozenset(self._servers)

    def adopt(self, server: UcmServer, found: Found) -> None:
        """Add a server with what was found there before the simulation began."""
        self._servers[server.publisher.lower()] = server
        self._show(server, found)

    def _start(self, server: UcmServer) -> None:
        self._set(ServerStatus(publisher=server.publisher, state="waiting"))
        self._queue.append(server)
        self._go_on()

    def _go_on(self) -> None:
        """Begin the next conversation if one waits and none is under way."""
        if self._talking is not None or not self._queue:
            return
        server = self._queue[0]
        self._talking = converse(server, self.identity)
        self._set(ServerStatus(publisher=server.publisher, state="discovering"))
        self._ask(server, next(self._talking))

    def fetched(self, key: str, result: Fetched, now: Instant) -> Discovered | None:
        """Take an answer, and return what was found if it was the last one of a conversation."""
        talk = self._talking
        if talk is None or key != f"{PREFIX}{self._asked}":
            return None
        server = self._queue[0]
        if self._out.journal.on:
            event = replace(self._last, status=result.status or 0, detail=result.failure)
            self._out.journal.add(event)
        try:
            ask = talk.send(result)
        except StopIteration as stop:
            found: Found = stop.value
            self._end()
            return Discovered(server=server, found=found)
        except DiscoveryFailed as failure:
            self._end()
            self._set(ServerStatus(publisher=server.publisher, state="failed", detail=str(failure)))
            self._out.journal.add(
                UcmDiscovered(publisher=server.publisher, discovered=False, detail=str(failure))
            )
            self._go_on()
        else:
            self._ask(server, ask)
        return None

    def finish(self, discovered: Discovered) -> None:
        """Show and report a conversation whose result is in use now, and begin the next one."""
        server, found = discovered.server, discovered.found
        self.adopt(server, found)
        self._out.journal.add(
            UcmDiscovered(
                publisher=server.publisher,
                discovered=True,
                nodes=tuple(node.host for node in found.nodes),
                version=found.version,
                pushed=found.pushed,
            )
        )
        self._go_on()

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
                    trust=self._certificates.trust,
                    verify=server.tls_verify,
                    check_hostname=server.tls_verify,
                ),
                redirects=False,
            )
        )

    def _show(self, server: UcmServer, found: Found) -> None:
        self._set(
            ServerStatus(
                publisher=server.publisher,
                state="discovered",
                version=found.version,
                nodes=tuple(node.host for node in found.nodes),
            )
        )

    def _end(self) -> None:
        self._queue.pop(0)
        self._talking = None

    def _set(self, status: ServerStatus) -> None:
        self._status[status.publisher.lower()] = status
