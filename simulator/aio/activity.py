"""What is under way on a driver, so that one can wait for it exactly instead of for a while.

Between two connections of one driver nothing is lost and nothing comes by itself: as long as one has sent what
the other has not received, something will come, however slow the machine is; afterwards nothing will. With
other hosts only what an actor asked for (a connection, a handshake, an answer) tells that something may come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Hashable
from dataclasses import dataclass
from typing import Protocol

from simulator.aio.patience import Patience
from simulator.core.actor.flow import Address

_ANY_HOST = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound
_QUIET_PASSES = 4
"""Passes of the loop without a move, while nothing is under way, after which a driver is at rest."""
_FOREIGN_PASSES = 256
"""The same with moves: what still moves is traffic with other hosts, which may never end."""
_LOST = 1.0
"""Seconds after which a datagram that nobody received counts as lost."""


class Connection(Protocol):
    """One end of a TCP connection, as `Activity` knows it."""

    local: Address
    remote: Address
    mate: Connection | None
    """The other end, if it is on the same driver."""

    @property
    def sent(self) -> int:
        """Bytes it has sent."""

    @property
    def eof_sent(self) -> bool:
        """It sends no more."""

    @property
    def holds_back(self) -> bool:
        """It does not read at present: what is on the way to it stays there."""

    @property
    def expects(self) -> bool:
        """Bytes or the end of the stream are on the way to it."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Something an actor began and whose end nobody can foresee."""

    actor: str
    what: str

    def __str__(self) -> str:
        return f"{self.actor}: {self.what}"


class Activity:
    """Counts what moved and knows what is under way. One for a driver and for the servers beside it."""

    def __init__(self) -> None:
        self.moves = 0
        """How often something moved: a call into an actor, a connection, half a handshake."""
        self._pending: dict[Hashable, Pending] = {}
        self._ends: dict[tuple[Address, Address], Connection] = {}
        """(local, remote) -> the connection."""
        self._awaited: set[Connection] = set()
        """Those that something is on the way to."""
        self._unaccepted: dict[Address, Address] = {}
        """A client's own address -> the listener that has yet to accept it."""
        self._listening: set[Address] = set()
        self._datagrams: dict[Address, int] = {}
        """The address of a UDP socket -> datagrams on the way to it."""
        self._datagram_at = 0.0
        self._moved = asyncio.Event()
        self._waiting = 0

    # --- what moved -------------------------------------------------------------------------------------------

    def move(self) -> None:
        self.moves += 1
        if self._waiting:
            self._moved.set()

    async def next_move(self) -> None:
        """Return when something has moved."""
        self._waiting += 1
        self._moved.clear()
        try:
            await self._moved.wait()
        finally:
            self._waiting -= 1

    async def until_idle(self, patience: Patience) -> list[str]:
        """Wait until nothing is under way; return what was, if nothing moved until patience ended.

        What is given up is not waited for again.
        """
        quiet = passes = 0
        while quiet < _QUIET_PASSES and passes < _FOREIGN_PASSES:
            before = self.moves
            await asyncio.sleep(0)
            if self.is_under_way:
                quiet = passes = 0
                if self.moves == before and not await patience.outlasts(self.next_move):
                    given_up = self.under_way()
                    self._give_up()
                    return given_up
            else:
                quiet = quiet + 1 if self.moves == before else 0
                passes += 1
        return []

    # --- what was begun ---------------------------------------------------------------------------------------

    def begin(self, key: Hashable, actor: str, what: str) -> None:
        """Note that something is under way, until `end` of the same key."""
        self._pending[key] = Pending(actor, what)

    def end(self, key: Hashable) -> None:
        self._pending.pop(key, None)
        self.move()

    def _give_up(self) -> None:
        """Wait for nothing that is under way now."""
        self._pending.clear()
        self._unaccepted.clear()
        self._awaited.clear()
        self._datagrams = dict.fromkeys(self._datagrams, 0)

    @property
    def is_under_way(self) -> bool:
        """Something will come, or may come from another host."""
        return bool(self._pending or self._unaccepted) or self._on_the_way()

    def under_way(self) -> list[str]:
        """Say what it is, for a person."""
        found = [str(pending) for pending in self._pending.values()]
        found += [
            f"a connection from {client} that {server} accepts" for client, server in self._unaccepted.items()
        ]
        found += [
            f"data on the way from {one.remote} to {one.local}" for one in self._awaited if not one.holds_back
        ]
        return found + [f"a datagram on the way to {target}" for target, n in self._datagrams.items() if n]

    def _on_the_way(self) -> bool:
        return any(not one.holds_back for one in self._awaited) or self._datagrams_on_the_way()

    def _datagrams_on_the_way(self) -> bool:
        if not any(self._datagrams.values()):
            return False
        if asyncio.get_running_loop().time() - self._datagram_at > _LOST:
            self._datagrams = dict.fromkeys(self._datagrams, 0)
            return False
        return True

    # --- connections ------------------------------------------------------------------------------------------

    def listen(self, address: Address) -> None:
        self._listening.add(address)

    def unlisten(self, address: Address) -> None:
        """The port is closed: whom it has not accepted it never will."""
        self._listening.discard(address)
        for client in [client for client, server in self._unaccepted.items() if server == address]:
            del self._unaccepted[client]

    def connected(self, one: Connection) -> None:
        """A connection is up: it is paired with its other end, if that is here."""
        self._ends[one.local, one.remote] = one
        self._unaccepted.pop(one.remote, None)
        mate = self._ends.get((one.remote, one.local))
        if mate is not None and mate is not one:
            one.mate, mate.mate = mate, one
            self.sent_to(one)
            self.sent_to(mate)
        elif (server := _reached(one.remote, self._listening)) is not None:
            self._unaccepted[one.local] = server
        self.move()

    def knows_peer_of(self, one: Connection) -> bool:
        """Its other end is on this driver, or about to be accepted there."""
        return one.mate is not None or one.local in self._unaccepted

    def sent_to(self, one: Connection) -> None:
        """Something may be on the way to this connection."""
        if one.expects:
            self._awaited.add(one)

    def received(self, one: Connection) -> None:
        """It received something: perhaps all there was."""
        self.move()
        if not one.expects:
            self._awaited.discard(one)

    def gone(self, one: Connection) -> None:
        """The socket is closed. Its other end will learn so."""
        if self._ends.get((one.local, one.remote)) is one:
            del self._ends[one.local, one.remote]
        self._awaited.discard(one)
        mate, one.mate = one.mate, None
        if mate is not None:
            self.sent_to(mate)
        self.move()

    # --- datagrams --------------------------------------------------------------------------------------------

    def open_socket(self, address: Address) -> None:
        """A UDP socket is bound here."""
        self._datagrams[address] = 0

    def close_socket(self, address: Address) -> None:
        self._datagrams.pop(address, None)

    def datagram_sent(self, target: Address) -> None:
        if (reached := _reached(target, self._datagrams)) is not None:
            self._datagrams[reached] += 1
            self._datagram_at = asyncio.get_running_loop().time()

    def datagram_received(self, at: Address) -> None:
        if self._datagrams.get(at):
            self._datagrams[at] -= 1


def _reached(address: Address, sockets: Container[Address]) -> Address | None:
    """The socket that packets to `address` come to."""
    if address in sockets:
        return address
    wild = (Address(host, address.port) for host in _ANY_HOST)
    return next((one for one in wild if one in sockets), None)
