"""The SSH door of a node's platform CLI: a shell behind a password, and nothing else.

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
"""Bytes a client may send ahead; none more while it does not read what it is told."""
_LINE = re.compile(rb"[^\r\n]*[\r\n]?")
KbdIntChallenge = bool | tuple[str, str, str, Sequence[tuple[str, bool]]]
_logger = logging.getLogger(__name__)


def host_keys(node: str) -> list[asyncssh.SSHKey]:
    """The node's keys, RSA and Ed25519: made at run time, the first the same for the life of the process."""
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
        """Raises OSError naming the address if it cannot be bound."""
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
        """Ends every session. Harmless if it does not run."""
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
        """The clock was moved: what is due in any session happens now."""
        for shell in tuple(self.shells):
            shell.look()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _Server(asyncssh.SSHServer):
    def __init__(self, door: PlatformSsh) -> None:
        self._door = door
        self._connection: asyncssh.SSHServerConnection | None = None
        self._user = ""
        self._attempts = 0
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        door = self._door
        door._open.add(conn)
        if len(door._open) > MAX_CONNECTIONS:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._door._open.discard(self._connection)
        # A client that breaks the protocol is its own fault, and already told so.
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
        cli = self._door.cli
        verdict = cli.accounts.log_in(user, password, self._door.clock.now())
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
        return _Shell(self._door, self._user) if self._sessions <= MAX_SESSIONS else False


class _Shell(asyncssh.SSHServerSession[bytes]):
    """One shell: keys of the client go to a Terminal, what it shows goes back; one timer for both."""

    def __init__(self, door: PlatformSsh, user: str) -> None:
        self._door = door
        self._user = user
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._terminal: Terminal | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._size = (DEFAULT_ROWS, 0)
        self._unread = bytearray()
        self._stalled = False
        self._eof = False

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
        now = self._door.clock.now()
        self._terminal = Terminal(self._door.cli.open(self._user, now))
        self._terminal.resize(*self._size)
        self._door.shells.add(self)
        self._show(self._terminal.start(now))

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._unread += data
        self._work()

    def _work(self) -> None:
        """Line by line, for as long as the client takes what it is shown."""
        while self._unread and not self._stalled and self._terminal is not None:
            match = _LINE.match(self._unread)
            assert match is not None
            line, end = bytes(match.group()), match.end()
            del match  # a bytearray that is being matched cannot shrink
            del self._unread[:end]
            self._show(self._terminal.receive_data(line, self._door.clock.now()))

    def eof_received(self) -> bool:
        """A client that sends no more, e.g. one fed from a file, gets what is still to come, then the end."""
        self._eof = True
        self._arm()
        return True

    def pause_writing(self) -> None:
        self._stalled = True
        if self._channel is not None:
            self._channel.pause_reading()

    def resume_writing(self) -> None:
        self._stalled = False
        self._work()
        if not self._stalled and self._channel is not None:
            self._channel.resume_reading()
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.shells.discard(self)
        self._disarm()
        self._terminal = self._channel = None

    @property
    def unread(self) -> int:
        """Bytes of the client that wait until it reads."""
        return len(self._unread)

    def look(self) -> None:
        """Do what is due."""
        terminal, clock = self._terminal, self._door.clock
        if terminal is None:
            return
        due = terminal.next_timeout()
        while due is not None and due <= clock.now() and self._terminal is not None:
            self._show(terminal.handle_timeout(clock.now()))
            due = terminal.next_timeout()
        self._arm()

    def _show(self, data: bytes) -> None:
        channel, terminal = self._channel, self._terminal
        if channel is None or terminal is None:
            return
        if data:
            channel.write(data)
        if terminal.closed:
            self._leave()
            return
        self._arm()

    def _leave(self) -> None:
        if self._channel is not None:
            self._channel.exit(0)
        self._disarm()
        self._terminal = None

    def _arm(self) -> None:
        self._disarm()
        terminal = self._terminal
        due = terminal.next_timeout() if terminal is not None else None
        if terminal is None or due is None:
            return
        if self._eof and not (terminal.busy or self._stalled or self._unread):
            self._leave()
            return
        delay = max(0.0, due - self._door.clock.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self.look)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
