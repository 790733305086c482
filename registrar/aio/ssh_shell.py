"""A shell of the platform CLI on an SSH channel: keys in, screen out, and nothing more for a client that has
left.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import asyncssh

from registrar.core.platform_cli.session import DEFAULT_ROWS, PlatformCli
from registrar.core.platform_cli.terminal import Terminal
from simulator.core.instant import Clock

PACKET = 32 * 1024
"""Bytes sent in one turn of the loop: a connection that broke is noticed before the next."""
_LINE = re.compile(rb"[^\r\n]*[\r\n]?")


class SshShell(asyncssh.SSHServerSession[bytes]):
    """Connects an SSH channel to a Terminal: the keys of the client in, what the screen shows out; one timer.

    In one turn of the loop it types one line, or sends one packet. So the loop can tell it in between that the
    client has gone, and then what is still typed or shown is dropped; and other clients are served meanwhile.
    """

    def __init__(self, cli: PlatformCli, clock: Clock, user: str, shells: set[SshShell]) -> None:
        """`user` has logged in. The shell is in `shells` for as long as it is at work."""
        self._cli = cli
        self._clock = clock
        self._user = user
        self._shells = shells
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._terminal: Terminal | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._size = (DEFAULT_ROWS, 0)
        self._unread = bytearray()
        self._unsent = bytearray()
        self._stalled = False
        self._eof = False

    @property
    def unread(self) -> int:
        """How many of the client's bytes wait to be typed."""
        return len(self._unread)

    # --- the channel -----------------------------------------------------------------------------------------

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self._size = (term_size[1], term_size[0])
        return True

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        if self._terminal is not None:
            self._terminal.resize(height, width)

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        return False

    def break_received(self, msec: int) -> bool:
        return False

    def signal_received(self, signal: str) -> None:
        if signal == "INT":
            self.data_received(b"\x03", None)

    def session_started(self) -> None:
        now = self._clock.now()
        self._terminal = Terminal(self._cli.open(self._user, now))
        self._terminal.resize(*self._size)
        self._shells.add(self)
        self._show(self._terminal.start(now))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._terminal is not None:
            self._unread += data
            self._continue()

    def eof_received(self) -> bool:
        """A client that sends no more, e.g. one fed from a file, gets what is still to come, then the end."""
        self._eof = True
        self._arm()
        return True

    def pause_writing(self) -> None:
        self._stalled = True

    def resume_writing(self) -> None:
        self._stalled = False
        self._continue()

    def connection_lost(self, exc: Exception | None) -> None:
        self._abandon()
        self._channel = None

    # --- work ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Do what is due by the lab's clock."""
        self._timer = None
        terminal, clock = self._terminal, self._clock
        due = terminal.next_timeout() if terminal is not None else None
        while terminal is not None and due is not None and due <= clock.now() and not self._has_left():
            self._show(terminal.handle_timeout(clock.now()))
            due = terminal.next_timeout()
        self._continue()

    def _work(self) -> None:
        """Send one packet of what is to be shown, or type one line."""
        self._turn = None
        terminal, channel = self._terminal, self._channel
        if terminal is None or channel is None or self._has_left():
            return
        if self._unsent:
            self._send()
        elif terminal.pending:
            self._show(terminal.type_ahead(self._clock.now()))
        elif self._unread:
            match = _LINE.match(self._unread)
            assert match is not None
            line, end = bytes(match.group()), match.end()
            del match  # a bytearray that is being matched cannot shrink
            del self._unread[:end]
            self._show(terminal.receive_data(line, self._clock.now()))
        self._continue()

    def _continue(self) -> None:
        """Plan the next turn; while there is work, the client's keys wait in its window."""
        terminal, channel = self._terminal, self._channel
        if channel is None or terminal is None or self._has_left():
            return
        if not (self._unread or self._unsent or terminal.pending or self._stalled):
            channel.resume_reading()
            self._arm()
            return
        channel.pause_reading()
        if self._turn is None and not self._stalled:
            self._turn = asyncio.get_running_loop().call_soon(self._work)

    def _show(self, data: bytes) -> None:
        self._unsent += data
        self._send()

    def _send(self) -> None:
        """Send one packet, unless the client's window is full; the last one of a session ends the channel."""
        channel, terminal = self._channel, self._terminal
        if channel is None or terminal is None or self._has_left():
            return
        if self._unsent and not self._stalled:
            packet = bytes(self._unsent[:PACKET])
            del self._unsent[:PACKET]
            channel.write(packet)
        if self._unsent:
            self._continue()
        elif terminal.closed:
            channel.exit(0)
            self._abandon()
        else:
            self._arm()

    def _has_left(self) -> bool:
        """The client closed the channel: drop its work."""
        channel = self._channel
        if channel is None or not channel.is_closing():
            return False
        self._abandon()
        channel.resume_reading()  # what was typed before the end is dropped, and then the channel ends
        return True

    def _abandon(self) -> None:
        """Forget what was typed and what was to be shown: nobody is there."""
        self._shells.discard(self)
        self._terminal = None
        self._unread.clear()
        self._unsent.clear()
        self._disarm()
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _arm(self) -> None:
        self._disarm()
        terminal = self._terminal
        due = terminal.next_timeout() if terminal is not None else None
        if terminal is None or due is None:
            return
        if self._eof and not (
            terminal.busy or self._stalled or self._unread or self._unsent or terminal.pending
        ):
            if self._channel is not None:
                self._channel.exit(0)
            self._abandon()
            return
        delay = max(0.0, due - self._clock.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self.look)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
