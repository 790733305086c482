"""One TCP connection, server or client, with or without TLS: the only place where bytes meet a machine.

An `asyncio` protocol without a task or a buffer of its own: all connections read into one buffer, and TLS is
`TlsSession`, never asyncio's (architecture 3). Ends are orderly: what was sent and the alert leave first, then
our half is closed, and the peer's bytes are read away until it closes too, because closing a socket with unread
bytes makes the kernel reset the connection and the peer lose the alert (tls-alerts.md).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from simulator.aio.activity import Connection
from simulator.aio.flow_context import FlowContext
from simulator.core.actor.flow import Address, FlowEnd
from simulator.core.actor.tap import WireEnd
from simulator.core.ids import FlowId
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.facts import TlsFacts
from simulator.core.tls.session import TlsData, TlsDown, TlsSession, TlsUp


class ConnectionOwner(Protocol):
    """Who is told what became of a connection. `ended` comes at most once, and not after its own `close`."""

    @property
    def deliver(self) -> Callable[[FlowId, bytes], None]:
        """Where received plaintext goes, without a detour: this is the hot path."""

    def connected(self, connection: TcpConnection) -> None:
        """TCP is up; TLS, if any, is about to begin."""

    def established(self, connection: TcpConnection, tls: TlsFacts | None) -> None:
        """Plaintext may flow."""

    def ended(self, connection: TcpConnection, end: FlowEnd) -> None:
        """Over, or never established. `end.refusal` is set if a handshake was refused."""

    def gone(self, connection: TcpConnection) -> None:
        """The socket is closed; the last call."""


_PIECE = 8192
"""Bytes of plaintext that an owner is given in one turn of the loop: at most some fifty SIP messages."""
_buffer = memoryview(bytearray(1 << 16))
"""Shared by every connection: the loop fills it and hands it over in one go, never across two connections."""


class TcpConnection(asyncio.BufferedProtocol):
    """Carries one TCP connection between its socket and its owner, through TLS where it has a session."""

    __slots__ = (
        "_activity",
        "_backlog",
        "_close_timer",
        "_closing",
        "_deliver",
        "_eof_received",
        "_eof_sent",
        "_handshake",
        "_heard_at",
        "_held",
        "_idle_timer",
        "_limits",
        "_over",
        "_owner",
        "_paused",
        "_received",
        "_sent",
        "_session",
        "_tap",
        "_transport",
        "flow",
        "local",
        "loop",
        "mate",
        "remote",
        "up",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        owner: ConnectionOwner,
        context: FlowContext,
        *,
        session: TlsSession | None,
        handshake: float | None = None,
    ) -> None:
        """`handshake`: seconds that a dialled connection has left; None: the limit for accepted ones.

        The context's tap must know the flow by the time `connected` of the owner returns.
        """
        self.loop = loop
        self.flow = FlowId(0)
        """The owner's number for it."""
        self.local = self.remote = _NOWHERE
        self.up = False
        """Has been established."""
        self._owner = owner
        self._deliver = owner.deliver
        self._session = session
        self._tap = context.tap
        self._activity = context.activity
        self.mate: Connection | None = None
        self._sent = self._received = 0
        """Bytes on the wire."""
        self._eof_sent = self._eof_received = False
        self._limits = context.limits
        self._handshake = context.limits.handshake if handshake is None else handshake
        self._transport: asyncio.Transport | None = None
        self._over = False
        self._closing = False
        self._paused = False
        self._held = False
        """The owner wants to read nothing at present."""
        self._backlog = b""
        """Received and decrypted, and not yet handed over."""
        self._close_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0

    # --- asyncio's side --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._over:
            self._transport.abort()
            return
        self.local = _address(transport.get_extra_info("sockname"))
        self.remote = _address(transport.get_extra_info("peername"))
        self._activity.connected(self)
        if self._limits.idle is not None:
            self._heard_at = self.loop.time()
            self._idle_timer = self.loop.call_later(self._limits.idle, self._check_idle)
        self._owner.connected(self)
        if self.over:
            return
        if self._session is None:
            self.up = True
            self._owner.established(self, None)
        else:
            self._close_timer = self.loop.call_later(self._handshake, self._handshake_overdue)
            self._flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = _buffer[:nbytes]
        self._received += nbytes
        if self.mate is not None:
            self._activity.received(self)
        if self._tap is not None:
            self._tap.received(self.flow, bytes(data))
        if self._over:
            return
        if self._idle_timer is not None:
            self._heard_at = self.loop.time()
        session = self._session
        if session is None:
            self._hand_over(bytes(data))
            return
        if session.established:
            plain = session.decrypt(data)
            if plain:
                self._hand_over(plain)
        else:
            session.receive_data(data)
            self._report(session)
        if session.ended and not self._backlog:
            self._report(session)
        if session.has_output and not self._over:
            self._flush()

    def _hand_over(self, data: bytes) -> None:
        """Give the owner a piece now, and the rest in later turns of the loop.

        A peer that pipelines keeps the others waiting for as many messages as a piece holds, not for more.
        """
        if len(data) <= _PIECE:
            self._deliver(self.flow, data)
            return
        self._backlog = data
        self._activity.begin(self, str(self.local), f"messages from {self.remote}")
        if self._transport is not None:
            self._transport.pause_reading()
        self._next_piece()

    def _next_piece(self) -> None:
        backlog = self._backlog
        if not backlog:
            return
        self._backlog = b"" if self._over else backlog[_PIECE:]
        if not self._over:
            self._deliver(self.flow, backlog[:_PIECE])
        if self._backlog:
            self.loop.call_soon(self._next_piece)
            return
        self._activity.end(self)
        self._resume()
        session = self._session
        if session is not None and session.ended and not self._over:
            self._report(session)

    def _resume(self) -> None:
        """Read again, unless there is a reason not to."""
        transport = self._transport
        if transport is not None and not (
            self._paused or self._held or self._backlog or transport.is_closing()
        ):
            transport.resume_reading()

    def eof_received(self) -> bool:
        """False: asyncio closes the transport after what is still to be written."""
        self._tell(WireEnd.FIN_RECEIVED)
        self._eof_received = True
        if self.mate is not None:
            self._activity.received(self)
        if self._over:
            return False
        if self._session is None:
            self._end(FlowEnd(by="peer", clean=True))
        else:
            self._session.receive_eof()
            self._report(self._session)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._close_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        if isinstance(exc, ConnectionError):
            self._tell(WireEnd.RESET_RECEIVED)
        while self._backlog:
            self._next_piece()
        if not self._over:
            detail = str(exc) if exc else "the connection was lost"
            refusal = None
            if self._session is not None and not self._session.established:
                refusal = TlsRefusal(by="peer", alert=None, reason="CONNECTION_LOST", detail=detail)
            self._end(FlowEnd(by="network", clean=False, detail=detail, refusal=refusal))
        self._session = None
        self._eof_sent = self._eof_received = True
        self._activity.gone(self)
        self._owner.gone(self)

    def pause_writing(self) -> None:
        # Who does not read our answers is not asked for more questions.
        self._paused = True
        if self._transport is not None and not self._closing:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        self._resume()

    # --- the owner's side ------------------------------------------------------------------------------------

    @property
    def owner(self) -> ConnectionOwner:
        """Who is told of this connection."""
        return self._owner

    @property
    def over(self) -> bool:
        """Whether the owner knows the end, or made it: nothing is sent or received any more."""
        return self._over

    @property
    def sent(self) -> int:
        """Bytes sent, as they are on the wire."""
        return self._sent

    @property
    def eof_sent(self) -> bool:
        """Our half is closed, or the connection is gone."""
        return self._eof_sent

    @property
    def expects(self) -> bool:
        """Its mate has sent what has not arrived."""
        mate = self.mate
        return mate is not None and not self._eof_received and (mate.eof_sent or mate.sent > self._received)

    @property
    def holds_back(self) -> bool:
        """It does not read at present."""
        return self._transport is not None and not self._transport.is_reading()

    def send(self, data: bytes) -> None:
        """Send plaintext, in one write. It is dropped once the connection is over."""
        if self._over or self._transport is None:
            return
        if self._session is not None:
            self._session.send(data)
            data = self._session.data_to_send()
        self._write(self._transport, data)
        if self._paused and self._transport.get_write_buffer_size() > self._limits.unsent:
            # Later, since the owner is in the middle of sending and must not hear of an end meanwhile.
            self.loop.call_soon(self._unsent_overflow)

    @property
    def unsent(self) -> int:
        """Bytes that wait for the peer to read."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def hold_reading(self) -> None:
        """Let the peer wait: take nothing more from the socket until `resume_reading`."""
        self._held = True
        if self._transport is not None and not self._over:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._held = False
        if not self._over:
            self._resume()

    def close(self) -> None:
        """Close in an orderly way after what was sent; `gone` follows, `ended` does not."""
        if self._over:
            return
        self._over = True
        if self._session is not None:
            self._session.close()
        self._close_gently()

    def abort(self) -> None:
        """Drop the connection now, with what is still unsent; `gone` follows."""
        self._over = True
        if self._transport is not None:
            if not self._closing:
                self._tell(WireEnd.FIN_SENT)
            self._transport.abort()
        self._closing = True

    def reset(self) -> None:
        """Drop the connection with a TCP reset, as a host that lost power and came back; `gone` follows."""
        if self._transport is not None and not self._transport.is_closing():
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._tell(WireEnd.RESET_SENT)
        self.abort()

    # --- ends ------------------------------------------------------------------------------------------------

    def _report(self, session: TlsSession) -> None:
        for event in session.events():
            if self._over:
                return
            if isinstance(event, TlsData):
                self._deliver(self.flow, event.data)
            elif isinstance(event, TlsUp):
                if self._close_timer is not None:
                    self._close_timer.cancel()
                    self._close_timer = None
                # First the Finished: an owner that answers at once must not write before it.
                self._flush()
                self.up = True
                self._owner.established(self, event.facts)
            elif isinstance(event, TlsDown):
                self._end(FlowEnd(by="peer", clean=event.clean, detail=event.detail))
            else:
                refusal = event.refusal
                detail = refusal.detail or refusal.reason
                self._end(FlowEnd(by=refusal.by, clean=False, detail=detail, refusal=refusal))

    def _end(self, end: FlowEnd) -> None:
        if self._over:
            return
        self._over = True
        self._owner.ended(self, end)
        self._close_gently()

    def _close_gently(self) -> None:
        transport = self._transport
        if transport is None or self._closing:
            return
        self._closing = True
        self._flush()
        if transport.is_closing():
            return
        # Harmless if it was reading; an owner or a full buffer may have paused it.
        transport.resume_reading()
        try:
            transport.write_eof()
        except OSError:  # the peer has reset it, and the loop has yet to notice
            transport.abort()
            return
        self._tell(WireEnd.FIN_SENT)
        self._eof_sent = True
        if self.mate is not None:
            self._activity.sent_to(self.mate)
        if self._close_timer is not None:
            self._close_timer.cancel()
        self._close_timer = self.loop.call_later(
            self._limits.linger, self._linger_overdue, transport.get_write_buffer_size()
        )

    def _flush(self) -> None:
        session, transport = self._session, self._transport
        if session is not None and transport is not None and session.has_output:
            self._write(transport, session.data_to_send())

    def _write(self, transport: asyncio.Transport, data: bytes) -> None:
        if self._tap is not None:
            self._tap.sent(self.flow, data)
        self._sent += len(data)
        if self.mate is not None:
            self._activity.sent_to(self.mate)
        transport.write(data)

    def _tell(self, end: WireEnd) -> None:
        if self._tap is not None:
            self._tap.ended(self.flow, end)

    def _linger_overdue(self, unsent_before: int) -> None:
        transport = self._transport
        if transport is None:
            return
        unsent = transport.get_write_buffer_size()
        if 0 < unsent < unsent_before:
            self._close_timer = self.loop.call_later(self._limits.linger, self._linger_overdue, unsent)
        else:
            transport.abort()

    def _unsent_overflow(self) -> None:
        if self._transport is not None and not self._over:
            detail = f"the peer does not read: {self._transport.get_write_buffer_size()} bytes unsent"
            self._end(FlowEnd(by="network", clean=False, detail=detail))
            self.abort()

    def _handshake_overdue(self) -> None:
        detail = f"no TLS handshake within {self._handshake:g} s"
        refusal = TlsRefusal(by="us", alert=None, reason="HANDSHAKE_TIMEOUT", detail=detail)
        self._end(FlowEnd(by="us", clean=False, detail=detail, refusal=refusal))
        self.abort()

    def _check_idle(self) -> None:
        assert self._limits.idle is not None
        due = self._heard_at + self._limits.idle
        if self.loop.time() < due:
            self._idle_timer = self.loop.call_at(due, self._check_idle)
        elif not self._over:
            if self._session is not None:
                self._session.close()
            self._end(FlowEnd(by="us", clean=True, detail=f"idle for {self._limits.idle:g} s"))


_NOWHERE = Address("", 0)


def _address(name: object) -> Address:
    """A socket name (two or four items) as an Address."""
    return Address(str(name[0]), int(name[1])) if isinstance(name, tuple) else _NOWHERE
