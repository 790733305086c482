"""The SSH endpoint of a node's platform CLI: a shell behind a password, and nothing else.

Refused: commands and subsystems without a shell, forwarding of ports, agents and X11, public keys.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Self

import asyncssh

from certs.keys import private_key, private_pem
from registrar.aio.ssh_shell import SshShell
from registrar.core.platform_cli.session import PlatformCli
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
KbdIntChallenge = bool | tuple[str, str, str, Sequence[tuple[str, bool]]]
_logger = logging.getLogger(__name__)


def host_keys(node: str) -> list[asyncssh.SSHKey]:
    """Make the node's keys, RSA and Ed25519. The first is the same for the life of the process."""
    rsa = asyncssh.import_private_key(private_pem(private_key(f"ssh/{node}", "rsa2048")))
    return [rsa, asyncssh.generate_private_key("ssh-ed25519")]


class PlatformSsh:
    """Listens for administrators of one node's CLI. Use it in `async with`, or `start` and `stop`."""

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
        self.shells: set[SshShell] = set()
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
        ssh = self._ssh
        return SshShell(ssh.cli, ssh.clock, self._user, ssh.shells) if self._sessions <= MAX_SESSIONS else False
