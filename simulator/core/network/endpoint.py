"""An endpoint: who owns it, where it listens and what answers there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulator.core.actor.flow import Actor, Listen
from simulator.core.http.message import HttpService
from simulator.core.ids import ActorId
from simulator.core.instant import Instant

MAX_BODY = 1 << 20
"""Bytes of a request body, unless an endpoint says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpHandler:
    """An HTTP service and its limits."""

    service: HttpService
    max_body: int = MAX_BODY
    """Bytes of a request body; more is answered 413."""


class TerminalService(Protocol):
    """A shell for users who log in, e.g. the platform CLI of a node."""

    def open(self, user: str, now: Instant) -> object:
        """Begin a session of a user who has logged in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalHandler:
    """A terminal service behind SSH. Only a network with sockets carries one."""

    service: TerminalService


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A port and what answers on it. No two open endpoints have the same owner and listener name."""

    owner: ActorId
    """Whose events tell what happens here."""
    listen: Listen
    handler: Actor | HttpHandler | TerminalHandler

    @property
    def key(self) -> tuple[ActorId, str]:
        """Owner and listener name: what the endpoint is known by while it is open."""
        return self.owner, self.listen.name


class ListeningActor(Actor, Protocol):
    """An actor that knows where it wants to listen."""

    def listens(self) -> tuple[Listen, ...]:
        """Return the ports it wants now."""
        ...


def endpoints_of(actor: ListeningActor) -> tuple[Endpoint, ...]:
    """Return an endpoint for each port the actor wants now."""
    return tuple(Endpoint(owner=actor.name, listen=listen, handler=actor) for listen in actor.listens())
