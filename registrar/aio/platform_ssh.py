"""The SSH endpoint of a node's platform CLI: a shell behind a password, and nothing else.

Refused: commands and subsystems without a shell, forwarding of ports, agents and X11, public keys.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Self

import asyncssh

from certs.keys import private_key, private_pem
from registrar.core.platform_cli.session import DEFAULT_ROWS, PlatformCli
from registrar.core.platform_cli.terminal import Terminal
from registrar.core.soap.accounts import Login
from simulator.aio.listener import cannot_listen
from simulator.core.actor.flow import Address
from simulator.core.events import CliLoginJudged
from simulator.core.instant import Clock

PORT = 2222
"""22 of a real node needs a privilege that nobody should have to give a simulator."""
MAX_CONNECTIONS = 100
MAX_SESSIONS = 10
"""Of one connection."""
MAX_ATTEMPTS = 6
"""Wrong passwords of one connection. [as OpenSSH]"""
LOGIN_TIMEOUT = 60.0
"""Seconds of real time for logging in."""
WINDOW = 128 * 1024
"""Bytes a client may send ahead; none more while it does not read the answers."""
PACKET = 32 * 1024
"""Bytes sent in one turn of the loop: a connection that broke is noticed before the next."""
_LINE = re.compile(rb"[^\r\n]*[\r\n]?")
KbdIntChallenge = bool | tuple[str, str, str, Sequence[tuple[str, bool]]]
_logger = logging.getLogger(__name__)


def host_keys(node: str) -> list[asyncssh.SSHKey]:
    """Make the node's keys, RSA and Ed25519. The first is the same for the life of the process."""
    rsa = asyncssh.import_private_key(private_pem(private_key(f"ssh/{node}", "rsa2048")))
    return [rsa, asyncssh.generate_private_key("ssh-ed25519")]


class PlatformSsh:
    """`async with`, or `start` and `stop`."""

    def __init__(
        self,
        cli: PlatformCli,
        clock: Clock,
        address: Address,
        *,
        keys: Sequence[asyncssh.SSHKey] | None = None,
    ) -> None:
        """Port 0 takes any free one. `keys`: None makes them, by the node's host name."""
        self.cli = cli
        self.clock = clock
        self.address = address
        """Where it listens; with the real port once started."""
        self._keys = keys
        self._server: asyncssh.SSHAcceptor | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()
        self.shells: set[_Shell] = set()
        """Sessions at work."""

    async def start(self) -> Address:
        """Listen. Raises OSError naming the address if it cannot be bound."""
        if self._server is not None:
            raise RuntimeError(f"the CLI listens on {self.address} already")
        try:
            self._server = await asyncssh.create_server(
                lambda: _Server(self),
                self.address.host,
                self.address.port,
                server_host_keys=list(self._keys or host_keys(self.cli.administration.host)),
                server_version="ucmsim",
                login_timeout=LOGIN_TIMEOUT,
                compression_algs=None,
                agent_forwarding=False,
                x11_forwarding=False,
                allow_scp=False,
                line_editor=False,
                encoding=None,
                window=WINDOW,
                gss_host=None,
                reuse_address=True,
            )
        except OSError as error:
            raise cannot_listen(self.address, error) from error
        self.address = Address(self.address.host, self._server.get_port())
        return self.address

    async def stop(self) -> None:
        """Stop listening and end every session. Harmless if it does not run."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        connections = tuple(self._open)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.wait_closed()
        await server.wait_closed()

    def run(self) -> None:
        """Do what is due in any session: the lab's clock was moved."""
        for shell in tuple(self.shells):
            shell.look()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _Server(asyncssh.SSHServer):
    def __init__(self, ssh: PlatformSsh) -> None:
        self._ssh = ssh
        self._connection: asyncssh.SSHServerConnection | None = None
        self._user = ""
        self._attempts = 0
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        ssh = self._ssh
        ssh._open.add(conn)
        if len(ssh._open) > MAX_CONNECTIONS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._ssh._open.discard(self._connection)
        # A client that broke the protocol has been told so by asyncssh.
        _logger.debug("an SSH connection ended: %s", type(exc).__name__ if exc else "in order")

    # --- logging in ------------------------------------------------------------------------------------------

    def begin_auth(self, username: str) -> bool:
        self._user = username
        return True

    def public_key_auth_supported(self) -> bool:
        return False

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self._judge(username, password)

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> KbdIntChallenge:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> KbdIntChallenge:
        return len(responses) == 1 and self._judge(username, responses[0])

    def _judge(self, user: str, password: str) -> bool:
        cli = self._ssh.cli
        verdict = cli.accounts.log_in(user, password, self._ssh.clock.now())
        assert self._connection is not None
        if cli.journal.on:
            source = str((self._connection.get_extra_info("peername") or ("",))[0])
            known = user if cli.accounts.account(user) else ""
            cli.journal.add(CliLoginJudged(user=known, verdict=verdict.value, source=source))
        if verdict is Login.GOOD:
            self._user = user
            return True
        self._attempts += 1
        if self._attempts >= MAX_ATTEMPTS:
            self._connection.disconnect(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many authentication failures"
            )
        return False

    # --- sessions --------------------------------------------------------------------------------------------

    def session_requested(self) -> asyncssh.SSHServerSession[bytes] | bool:
        self._sessions += 1
        return _Shell(self._ssh, self._user) if self._sessions <= MAX_SESSIONS else False


class _Shell(asyncssh.SSHServerSession[bytes]):
    """Connects an SSH channel to a Terminal: the keys of the client in, what the screen shows out; one timer.

    In one turn of the loop it types one line, or sends one packet. So the loop can tell it in between that the
    client has gone, and then what is still typed or shown is dropped; and other clients are served meanwhile.
    """

    def __init__(self, ssh: PlatformSsh, user: str) -> None:
        self._ssh = ssh
        self._user = user
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
        now = self._ssh.clock.now()
        self._terminal = Terminal(self._ssh.cli.open(self._user, now))
        self._terminal.resize(*self._size)
        self._ssh.shells.add(self)
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
        terminal, clock = self._terminal, self._ssh.clock
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
            self._show(terminal.type_ahead(self._ssh.clock.now()))
        elif self._unread:
            match = _LINE.match(self._unread)
            assert match is not None
            line, end = bytes(match.group()), match.end()
            del match  # a bytearray that is being matched cannot shrink
            del self._unread[:end]
            self._show(terminal.receive_data(line, self._ssh.clock.now()))
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
        self._ssh.shells.discard(self)
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
        delay = max(0.0, due - self._ssh.clock.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self.look)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
