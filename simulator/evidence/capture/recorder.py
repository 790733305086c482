"""The tap that keeps what passes, and writes it as one file with secrets, comments and packets."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator import __version__
from simulator.core.actor.flow import Address, FlowFacts
from simulator.core.actor.tap import WireEnd
from simulator.core.events.log import EventLog, Record
from simulator.core.ids import FlowId
from simulator.core.instant import Clock
from simulator.evidence.capture import blocks, keylog
from simulator.evidence.capture.conversation import CLIENT, SERVER, Conversation, Packet, Side
from simulator.evidence.capture.notes import note_of

LIMIT = 64 << 20
"""Bytes of memory a capture may take."""
_ROOM = 8
"""Of a full capture, this part is freed at once."""

SECRETS = (
    "This file holds the TLS secrets of the sessions in it (Decryption Secrets Blocks): "
    "whoever has it can read the tokens and passwords they carried."
)
_MADE = "Written by ucmsim from its own connections: the payload is real, the frames around it are made up."


class Capture:
    """A `Tap`. Give it to a driver together with its `keylog`, `attach` it to the lab, write, close.

    Of a connection whose two ends are both tapped only what is sent counts, so each byte is there once. When it
    is full, ended connections are forgotten, those that were silent for longest first; then what comes is.
    """

    def __init__(self, *, limit: int = LIMIT, keylog: str | None = None) -> None:
        """Open the capture. `keylog`: a file that receives the driver's TLS secrets anyway; None: a private one
        that is removed with `close`.
        """
        self._private = keylog is None
        if keylog is None:
            handle, keylog = tempfile.mkstemp(prefix="ucmsim-", suffix=".keys")
            os.close(handle)
        self.keylog = keylog
        self.forgotten = 0
        """Packets that were seen and are not kept."""
        self._limit = limit
        self._size = 0
        self._order = 0
        self._clock: Clock | None = None
        self._shown: Callable[[Address], Address] = _as_it_is
        self._detach: Callable[[], None] = lambda: None
        self._conversations: list[Conversation] = []
        self._flows: dict[FlowId, tuple[Conversation, Side]] = {}
        self._alone: dict[tuple[Address, Address], Conversation] = {}
        """Those with one end known, by the wire's addresses of client and server."""
        self._taken: set[tuple[Address, Address]] = set()
        """Addresses that live connections are shown with."""

    def attach(self, log: EventLog, clock: Clock, shown: Callable[[Address], Address] | None = None) -> None:
        """Take times from `clock` and comments from `log`. Call it again after a lab was rebuilt, because flow
        ids start over.

        `shown`: maps an address on the wire to the one to write.
        """
        self._detach()
        self._detach = log.subscribe(self._noted)
        self._clock = clock
        self._shown = shown or _as_it_is
        self._flows.clear()
        self._alone.clear()
        self._taken.clear()

    # --- Tap --------------------------------------------------------------------------------------------------

    def opened(self, flow: FlowId, facts: FlowFacts) -> None:
        local, remote = _specific(facts.local, facts.remote), facts.remote
        side = CLIENT if facts.listener is None else SERVER
        wire = (local, remote) if side == CLIENT else (remote, local)
        other = self._alone.pop(wire, None)
        if other is not None and self._flows[other.flows[0]][1] != side:
            other.flows.append(flow)
            self._flows[flow] = other, side
            return
        if self._size >= self._limit:
            self._make_room()
            if self._size >= self._limit:
                self.forgotten += 1
                return
        conversation = Conversation(*self._distinct(*wire), datagrams=facts.transport == "udp")
        conversation.wire = wire
        conversation.flows.append(flow)
        conversation.open(self._now(), self._numbers(3))
        self._flows[flow] = conversation, side
        self._alone[wire] = conversation
        self._taken.add(conversation.key)
        self._conversations.append(conversation)
        self._grow(conversation, 0)
        if conversation.key[0] != self._shown(wire[0]):
            conversation.note_beginning(f"client port {wire[0].port} on the wire")

    def sent(self, flow: FlowId, data: bytes) -> None:
        found = self._flows.get(flow)
        if found is not None:
            self._say(*found, data)

    def received(self, flow: FlowId, data: bytes) -> None:
        found = self._flows.get(flow)
        if found is not None and len(found[0].flows) == 1:
            self._say(found[0], _other(found[1]), data)

    def ended(self, flow: FlowId, how: WireEnd) -> None:
        found = self._flows.get(flow)
        if found is None:
            return
        conversation, side = found
        ours = how in (WireEnd.FIN_SENT, WireEnd.RESET_SENT)
        if conversation.cut or (len(conversation.flows) > 1 and not ours):
            return
        who = side if ours else _other(side)
        before = conversation.size
        if how in (WireEnd.FIN_SENT, WireEnd.FIN_RECEIVED):
            conversation.finish(self._now(), self._numbers(2), who)
        else:
            conversation.reset(self._now(), self._numbers(1), who)
        self._grow(conversation, before)

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, path: Path) -> None:
        """Write the file, readable by its owner only (0600) because of the secrets in it. Raises OSError."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for block in self._blocks():
                file.write(block)

    def data(self) -> bytes:
        """Return the file's bytes."""
        return b"".join(self._blocks())

    def close(self) -> None:
        """Forget everything and remove the private key log. May be called twice."""
        self._detach()
        self._detach = lambda: None
        self._conversations.clear()
        self._flows.clear()
        self._alone.clear()
        self._taken.clear()
        self._size = 0
        if self._private:
            with suppress(FileNotFoundError):
                os.unlink(self.keylog)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _blocks(self) -> Iterator[bytes]:
        for conversation in self._conversations:
            conversation.settle_notes()
        lost = f" {self.forgotten} packets found no room in it." if self.forgotten else ""
        comment = f"{_MADE} {SECRETS}{lost}"
        yield blocks.section(application=f"ucmsim {__version__}", comment=comment)
        yield blocks.interface("ucmsim")
        randoms = {conversation: conversation.client_random() for conversation in self._conversations}
        secrets = keylog.secrets_of(Path(self.keylog), {random for random in randoms.values() if random})
        packets: list[tuple[Packet, Conversation]] = [
            (packet, conversation) for conversation in self._conversations for packet in conversation.packets
        ]
        packets.sort(key=lambda entry: entry[0].order)
        for packet, conversation in packets:
            # Before its first packet: one that comes after the ServerHello decrypts nothing (tls-alerts.md).
            lines = secrets.pop(randoms[conversation] or "", None)
            if lines:
                yield blocks.tls_secrets(lines)
            frames = list(conversation.frames(packet))
            for frame in frames[:-1]:
                yield blocks.packet(frame, packet.at)
            yield blocks.packet(frames[-1], packet.at, packet.notes)

    # --- keeping ----------------------------------------------------------------------------------------------

    def _say(self, conversation: Conversation, side: Side, data: bytes) -> None:
        if conversation.cut:
            self.forgotten += 1
            return
        before = conversation.size
        conversation.say(self._now(), self._numbers(1), side, data)
        self._grow(conversation, before)

    def _grow(self, conversation: Conversation, before: int) -> None:
        self._size += conversation.size - before
        if conversation.over:
            self._taken.discard(conversation.key)
            if self._alone.get(conversation.wire) is conversation:
                del self._alone[conversation.wire]
        if self._size >= self._limit:
            self._make_room()
            conversation.cut = self._size >= self._limit

    def _make_room(self) -> None:
        silent = sorted(
            (one for one in self._conversations if one.over or one.cut or one.datagrams),
            key=lambda one: one.last_at,
        )
        gone = set()
        for one in silent:
            if self._size <= self._limit - self._limit // _ROOM:
                break
            gone.add(one)
            self._size -= one.size
            self.forgotten += len(one.packets)
            self._taken.discard(one.key)
        self._conversations = [one for one in self._conversations if one not in gone]
        self._flows = {flow: entry for flow, entry in self._flows.items() if entry[0] not in gone}
        self._alone = {wire: one for wire, one in self._alone.items() if one not in gone}

    def _distinct(self, client: Address, server: Address) -> tuple[Address, Address]:
        """As shown. Two nodes of a lab may show the same port: then two clients can seem to be one."""
        client, server = self._shown(client), self._shown(server)
        while (client, server) in self._taken:
            client = Address(client.host, client.port % 65_535 + 1)
        return client, server

    def _noted(self, record: Record) -> None:
        found = self._flows.get(record.flow) if record.flow is not None else None
        note = note_of(record) if found is not None else None
        if found is None or note is None or found[0].cut:
            return
        (conversation, side), (where, text) = found, note
        if where == "beginning":
            conversation.note_beginning(text)
        elif where == "coming":
            conversation.note_coming(side, text)
        else:
            conversation.note_heard(side, text)

    def _now(self) -> float:
        return self._clock.now() if self._clock is not None else 0.0

    def _numbers(self, count: int) -> int:
        """The first of `count` places in the order of everything."""
        self._order += count
        return self._order - count


def _other(side: Side) -> Side:
    return SERVER if side == CLIENT else CLIENT


def _as_it_is(address: Address) -> Address:
    return address


def _specific(local: Address, remote: Address) -> Address:
    """A socket bound to every address does not know which one a datagram came to; on one machine we do."""
    with suppress(ValueError):
        if ip_address(local.host).is_unspecified and ip_address(remote.host).is_loopback:
            return Address(remote.host, local.port)
    return local
