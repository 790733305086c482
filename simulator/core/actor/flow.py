"""Flows, actors and effects: the one seam between what decides and what moves bytes.

A *flow* is one TCP, TLS or UDP association as one end sees it. An *actor* (a UCM node, a phone, an
Expressway) is a machine: it is told what became of its flows and answers with effects. The same actor runs on
sockets (`simulator.aio.driver`) and without them (`simulator.memory.network`); it cannot tell which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.settings import ClientTls, ServerTls

Transport = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or IP address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFacts:
    """What is known of a flow when it opens."""

    transport: Transport
    local: Address
    remote: Address
    tls: TlsFacts | None = None
    listener: str | None = None
    """Name of the listener that accepted the flow; None on a flow the actor opened itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEnd:
    """How a flow ended, or why it never began."""

    by: Literal["us", "peer", "network"]
    clean: bool
    """False: reset, truncated TLS, refused handshake, or no connection at all."""
    detail: str = ""
    refusal: TlsRefusal | None = None


# --- effects: what an actor asks of its driver ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFlow:
    """Connect. Answered by `flow_opened` or `flow_ended` with the same id (from the actor's FlowIds)."""

    flow: FlowId
    transport: Transport
    remote: Address
    tls: ClientTls | None = None
    timeout: float = 8.0
    """Seconds until an unfinished connection is given up. [observed: sipcc TLS_CONNECT_TIME 8]"""


@dataclass(frozen=True, slots=True)
class SendData:
    """Send a piece of the stream, or one datagram."""

    flow: FlowId
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloseFlow:
    """Close in an orderly way (TLS close_notify, then FIN) after what was sent before it.

    Not answered: the actor forgets the flow when it asks for this; `flow_ended` does not come back.
    """

    flow: FlowId
    reset: bool = False
    """Drop it with a TCP reset instead, with what was not sent yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Ask for a URL. Answered by `fetched` with the same key."""

    key: str
    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    """Like the headers not in the repr: credentials travel in both."""
    redirects: bool = True
    """False: a redirection is an answer like any other."""
    timeout: float = 10.0
    tls: ClientTls | None = None
    """For https: whom to trust. None: nobody, so that https is refused."""


Effect = OpenFlow | SendData | CloseFlow | Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to a Fetch: a response, or `failure` says why there is none."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """A port an actor wants to listen on. Port 0: any free one; the driver reports which."""

    name: str
    transport: Transport
    address: Address
    tls: ServerTls | None = None


class Actor(Protocol):
    """What a network runs: a UCM node, a phone, an Expressway. No method blocks, waits or reads a clock."""

    @property
    def name(self) -> ActorId:
        """The name under which its events are told."""
        ...

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        """A flow that was dialled or accepted is open, its TLS handshake done."""
        ...

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        """Plaintext arrived: a chunk of the stream (tcp, tls) or one whole datagram (udp)."""
        ...

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        """A flow has ended, or one that was dialled never opened.

        Not called for accepted connections whose handshake failed: those never became flows.
        """
        ...

    def next_timeout(self) -> Instant | None:
        """Return the earliest instant at which `handle_timeout` has something to do; None: nothing is due."""
        ...

    def handle_timeout(self, now: Instant) -> None:
        """Do what is due at `now`. Afterwards `next_timeout` is later than `now`, or None."""
        ...

    def effects(self) -> list[Effect]:
        """Return what the actor wants done, in order, and forget it. To be asked after every other call."""
        ...


@runtime_checkable
class FetchingActor(Actor, Protocol):
    """An actor that asks for URLs: only one of these may want a `Fetch` done."""

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        """Take the answer to the Fetch with this key."""
        ...


def fetching(actor: Actor) -> FetchingActor:
    """Return an actor that wants a Fetch done as one that can take the answer. TypeError if it cannot."""
    if not isinstance(actor, FetchingActor):
        raise TypeError(f"actor {actor.name} asks for a URL, and cannot take the answer")
    return actor
