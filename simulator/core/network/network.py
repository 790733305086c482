"""What runs actors and opens endpoints: `simulator.aio.driver` on sockets, `simulator.memory.network` without.

`tests/drivers/` holds both to the same cases.
"""

from __future__ import annotations

from typing import Protocol

from simulator.core.actor.flow import Actor, Address
from simulator.core.network.endpoint import Endpoint


class Network(Protocol):
    """A network without sockets never waits in its coroutines."""

    async def open(self, *endpoints: Endpoint) -> tuple[Address, ...]:
        """Open all of these endpoints, or none; return where each listens, with the real port for port 0.

        Actors among the handlers run from then on. Raises OSError naming the address that cannot be bound,
        ValueError for an endpoint that is open already or that this network cannot carry.
        """
        ...

    async def close(self, *endpoints: Endpoint) -> None:
        """Close these ports and every connection on them, in an orderly way; the ports are then free.

        What their actors still want done is done before. An actor that stays is told of its flows' ends.
        An actor that listens nowhere any more, and did not `join`, leaves with its last endpoint. An endpoint
        is known by its owner and listener name; one that is not open is ignored.
        """
        ...

    async def join(self, actor: Actor) -> None:
        """Run an actor until it leaves, whether it listens anywhere or not.

        ValueError if it has joined already.
        """
        ...

    async def leave(self, actor: Actor) -> None:
        """Close what the actor has, ports too, in an orderly way. It is not called any more.

        An actor that is not run here is ignored.
        """
        ...

    async def drop(self, actor: Actor) -> None:
        """Let the actor vanish: its ports are closed, its connections reset without a word."""
        ...

    def run(self, actor: Actor) -> None:
        """Carry out the actor's effects and set its timer, after somebody else has called it.

        An actor that is not run here is ignored.
        """
        ...

    async def advance(self, seconds: float) -> None:
        """Move the lab's clock ahead, from deadline to deadline."""
        ...

    async def until_idle(self) -> None:
        """Wait until no traffic between the actors is on its way."""
        ...
