"""The SSH endpoint on real sockets: who gets in, what is refused, what hostile clients leave behind."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncssh
import pytest

from registrar.aio.platform_ssh import MAX_SESSIONS, WINDOW, PlatformSsh
from registrar.core.platform_cli.session import TIMED_OUT
from simulator.core.actor.flow import Address
from simulator.core.events import CliCalled, CliLoginJudged
from simulator.core.events.log import record_to_json
from simulator.core.instant import Instant
from tests.patience import awaited
from tests.registrar.core.platform_cli.cli_bench import CALLMANAGER, NOW, PASSWORD, PUBLISHER, Bench, authority


@asynccontextmanager
async def connected(
    ssh: PlatformSsh, *, password: str = PASSWORD, user: str = "admin", **options: Any
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(
        ssh.address.host,
        ssh.address.port,
        username=user,
        password=password,
        known_hosts=None,
        client_keys=None,
        config=None,
        agent_path=None,
        **options,
    ) as connection:
        yield connection


class Shell:
    def __init__(self, process: asyncssh.SSHClientProcess[str]) -> None:
        self._process = process

    async def until(self, end: str) -> str:
        async with awaited(f"{end!r} on the screen"):
            return await self._process.stdout.readuntil(end)

    async def run(self, command: str) -> str:
        self._process.stdin.write(f"{command}\n")
        shown = await self.until("\nadmin:")
        assert shown.startswith(f"{command}\r\n")
        return shown.removeprefix(f"{command}\r\n").removesuffix("admin:")

    def type(self, keys: str) -> None:
        self._process.stdin.write(keys)

    async def rest(self) -> str:
        async with awaited("the end of the shell"):
            return await self._process.stdout.read()


@asynccontextmanager
async def shell(ssh: PlatformSsh, **options: Any) -> AsyncIterator[Shell]:
    async with (
        connected(ssh, **options) as connection,
        connection.create_process(term_type="vt100", term_size=(200, 40)) as process,
    ):
        opened = Shell(process)
        assert (await opened.until("\nadmin:")).startswith("\r\nCommand Line Interface is starting up")
        yield opened


async def until(done: Callable[[], bool]) -> None:
    """Let the loop turn until `done`."""
    async with awaited(done):
        while not done():  # noqa: ASYNC110 - the client's end has nobody to set an event
            await asyncio.sleep(0)


async def assert_alive(ssh: PlatformSsh) -> None:
    async with shell(ssh) as opened:
        assert await opened.run("show cli pagination") == "Automatic Pagination : Off.\r\n"


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
async def test_both_ways_to_log_in_lead_to_the_shell(ssh: PlatformSsh, method: str) -> None:
    async with shell(ssh, preferred_auth=method) as opened:
        assert (await opened.run("show version active")).startswith(
            "Active Master Version: 15.0.1.11900-40\r\n"
        )


async def test_a_certificate_is_pasted_and_a_service_restarted(bench: Bench, ssh: PlatformSsh) -> None:
    signer = authority("Expressway CA")
    async with shell(ssh) as opened:
        opened.type("set cert import trust tomcat\n")
        await opened.until("Paste the Certificate and Hit Enter\r\n")
        opened.type(signer.certificate.decode() + "\n")
        shown = await opened.until("become active.\r\nadmin:")
        assert "Successfully imported certificate for tomcat.\r\n" in shown
        await opened.until("\nadmin:")  # the empty line behind the certificate
        assert "tomcat-trust/Expressway_CA.pem" in await opened.run("show cert list trust")
        restarted = await opened.run(f"utils service restart {CALLMANAGER}")
        assert restarted.endswith(f"{CALLMANAGER}[STARTED]\r\n")
    (mra,) = (listen for listen in bench.nodes[PUBLISHER].listens() if listen.name == "mra")
    assert mra.tls is not None
    assert signer.certificate in mra.tls.trust


async def test_quit_ends_the_shell_in_order(ssh: PlatformSsh) -> None:
    async with connected(ssh) as connection:
        process = await connection.create_process(term_type="vt100")
        await Shell(process).until("admin:")
        process.stdin.write("quit\n")
        await process.wait_closed()
        assert process.exit_status == 0


async def test_a_client_fed_from_a_file_gets_all_answers_and_then_the_end(ssh: PlatformSsh) -> None:
    async with connected(ssh) as connection:
        process = await connection.create_process(request_pty=False)
        process.stdin.write("show cli pagination\nshow accountlocking\n")
        process.stdin.write_eof()
        shown = await Shell(process).rest()
    assert "admin:show cli pagination\r\nAutomatic Pagination : Off.\r\nadmin:show accountlocking\r\n" in shown
    assert shown.endswith("3 attempts\r\nadmin:")


async def _exec(connection: asyncssh.SSHClientConnection) -> None:
    await connection.run("show version active", check=True)


async def _subsystem(connection: asyncssh.SSHClientConnection) -> None:
    await connection.create_process(subsystem="netconf")


async def _sftp(connection: asyncssh.SSHClientConnection) -> None:
    await connection.start_sftp_client()


async def _forward(connection: asyncssh.SSHClientConnection) -> None:
    await connection.open_connection("127.0.0.1", 22)


async def _unix(connection: asyncssh.SSHClientConnection) -> None:
    await connection.open_unix_connection("/tmp/agent")


async def _listen(connection: asyncssh.SSHClientConnection) -> None:
    await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 22)


@pytest.mark.parametrize("ask", [_exec, _subsystem, _sftp, _forward, _unix, _listen])
async def test_nothing_but_a_shell(
    ssh: PlatformSsh, ask: Callable[[asyncssh.SSHClientConnection], Any]
) -> None:
    async with connected(ssh) as connection:
        with pytest.raises((asyncssh.Error, asyncssh.ChannelListenError, OSError)):
            await ask(connection)
    await assert_alive(ssh)


async def test_sessions_of_one_connection_are_counted(ssh: PlatformSsh) -> None:
    async with connected(ssh) as connection:
        for _ in range(MAX_SESSIONS):
            await connection.create_process(term_type="vt100")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(term_type="vt100")


class TestLogin:
    @pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
    async def test_a_wrong_password_does_not_get_in(self, ssh: PlatformSsh, method: str) -> None:
        with pytest.raises(asyncssh.PermissionDenied):
            async with connected(ssh, password="wrong", preferred_auth=method):
                pass

    async def test_a_public_key_does_not_get_in(self, ssh: PlatformSsh) -> None:
        with pytest.raises(asyncssh.PermissionDenied):
            async with asyncssh.connect(
                ssh.address.host,
                ssh.address.port,
                username="admin",
                client_keys=[asyncssh.generate_private_key("ssh-ed25519")],
                known_hosts=None,
                config=None,
                agent_path=None,
                preferred_auth="publickey",
            ):
                pass

    async def test_three_wrong_passwords_lock_the_account_for_five_minutes(
        self, bench: Bench, ssh: PlatformSsh
    ) -> None:
        for _ in range(3):
            with pytest.raises(asyncssh.PermissionDenied):
                async with connected(ssh, password="wrong", preferred_auth="password"):
                    pass
        with pytest.raises(asyncssh.PermissionDenied):
            async with connected(ssh, preferred_auth="password"):
                pass
        bench.clock.set(Instant(NOW + 300.0))
        await assert_alive(ssh)
        verdicts = [event.verdict for event in bench.log.of(CliLoginJudged)]
        assert verdicts == ["wrong", "wrong", "wrong", "locked", "good"]

    async def test_no_secret_reaches_logs_or_events(
        self, bench: Bench, ssh: PlatformSsh, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            for method in ("password", "keyboard-interactive"):
                with pytest.raises(asyncssh.PermissionDenied):
                    async with connected(ssh, password="wrong secret", preferred_auth=method):
                        pass
                with pytest.raises(asyncssh.PermissionDenied):
                    async with connected(ssh, user="no one", password="wrong secret", preferred_auth=method):
                        pass
            async with shell(ssh) as opened:
                opened.type("set password user admin\n")
                for answer in (PASSWORD, "a new secret", "a new secret"):
                    await opened.until("password: " if answer == PASSWORD else ": ")
                    opened.type(f"{answer}\n")
                assert "Password updated successfully." in await opened.until("\nadmin:")
        shown = caplog.text + str([record_to_json(record) for record in bench.log])
        for secret in ("wrong secret", PASSWORD, "a new secret"):
            assert secret not in shown


class TestTime:
    async def test_silence_ends_the_session_on_the_labs_clock(self, bench: Bench, ssh: PlatformSsh) -> None:
        async with shell(ssh) as opened:
            bench.clock.set(Instant(NOW + 1799.0))
            ssh.run()
            await opened.run("show cli pagination")
            bench.clock.set(Instant(NOW + 1799.0 + 1800.0))
            ssh.run()
            assert await opened.rest() == f"\r\n{TIMED_OUT}\r\n"

    async def test_a_slow_restart_goes_on_as_the_clock_does(self, keys: list[asyncssh.SSHKey]) -> None:
        bench = Bench(takes=2.0)
        ssh = PlatformSsh(bench.publisher, bench.clock, Address("127.0.0.1", 0), keys=keys)
        async with ssh, shell(ssh) as opened:
            opened.type(f"utils service restart {CALLMANAGER}\n")
            await opened.until(f"{CALLMANAGER}[STOPPING]\r\n")
            bench.clock.set(Instant(NOW + 2.0))
            ssh.run()
            await opened.until(f"{CALLMANAGER}[STARTING]\r\n")
            bench.clock.set(Instant(NOW + 4.0))
            ssh.run()
            assert (await opened.until("\nadmin:")).endswith(f"{CALLMANAGER}[STARTED]\r\nadmin:")


class TestHostile:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00" * 4096,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"SSH-1.5-old\r\n",
            b"SSH-2.0-x\r\n" + b"\xff" * 4096,
            b"SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14" + b"\x00" * 64,
            b"x" * 200_000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ],
        ids=["nothing", "zeros", "HTTP", "SSH 1", "no packet", "empty KEXINIT", "no line end", "TLS"],
    )
    async def test_bytes_that_are_no_ssh_leave_the_door_open(self, ssh: PlatformSsh, data: bytes) -> None:
        reader, writer = await asyncio.open_connection(ssh.address.host, ssh.address.port)
        writer.write(data)
        try:
            writer.write_eof()
            async with awaited("what the other end sends"):
                while await reader.read(65536):
                    pass
        except OSError:
            pass  # reset: as good an end as any
        writer.close()
        await assert_alive(ssh)

    async def test_binary_garbage_in_a_shell_leaves_it_usable(self, ssh: PlatformSsh) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(term_type="vt100", encoding=None)
            process.stdin.write(os.urandom(20_000).replace(b"\x04", b"") + b"\x03\x03\r")
            process.stdin.write(b"\x15show cli pagination\r")
            async with awaited("what the other end sends"):
                await process.stdout.readuntil(b"Automatic Pagination : Off.\r\nadmin:")
        await assert_alive(ssh)

    async def test_a_client_that_never_reads_holds_up_nobody(self, ssh: PlatformSsh) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(term_type="vt100", encoding=None, window=4096)
            process.stdin.write(b"help\n" * 100_000)
            for _ in range(3):
                await assert_alive(ssh)
            (stalled,) = ssh.shells
            assert stalled.unread <= WINDOW
            process.close()

    async def test_a_client_that_reads_late_misses_nothing(self, ssh: PlatformSsh) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(request_pty=False, window=4096)
            process.stdin.write("show cli pagination\n" * 5_000)
            process.stdin.write_eof()
            await assert_alive(ssh)
            shown = await Shell(process).rest()
        assert shown.count("Automatic Pagination : Off.\r\n") == 5_000

    @pytest.mark.parametrize(
        "leave",
        [lambda connection, process: connection.abort(), lambda connection, process: process.close()],
        ids=["aborts the connection", "closes the channel"],
    )
    async def test_commands_typed_by_a_client_that_has_left_are_dropped(
        self,
        bench: Bench,
        ssh: PlatformSsh,
        caplog: pytest.LogCaptureFixture,
        leave: Callable[[asyncssh.SSHClientConnection, asyncssh.SSHClientProcess[str]], None],
    ) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(term_type="vt100")
            await Shell(process).until("admin:")
            process.stdin.write("show nothing\n" * 9_000)
            leave(connection, process)
            await until(lambda: not ssh.shells)
        called = len(bench.log.of(CliCalled))
        assert called < 100, "a lost client's commands were still run"
        await assert_alive(ssh)
        assert len(bench.log.of(CliCalled)) == called + 1, "work was left over"
        assert "asyncio" not in {record.name for record in caplog.records}, caplog.text

    async def test_output_for_a_client_that_has_left_is_dropped(
        self, bench: Bench, ssh: PlatformSsh, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One answer of a megabyte is many packets: they are not all sent into a broken connection."""
        async with connected(ssh) as connection:
            process = await connection.create_process(term_type="vt100")
            await Shell(process).until("admin:")
            process.stdin.write(f"run sql select '{'x' * 900}' from typemodel, typeproduct limit 1000\n")
            connection.abort()
            await until(lambda: not ssh.shells)
        await assert_alive(ssh)
        assert "asyncio" not in {record.name for record in caplog.records}, caplog.text

    async def test_a_client_that_types_far_ahead_keeps_nobody_waiting(
        self, bench: Bench, ssh: PlatformSsh
    ) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(request_pty=False)
            process.stdin.write("show cli pagination\n" * 5_000)
            await assert_alive(ssh)
            assert len(bench.log.of(CliCalled)) < 5_000
            process.close()

    async def test_a_client_that_vanishes_leaves_no_session(self, ssh: PlatformSsh) -> None:
        async with connected(ssh) as connection:
            process = await connection.create_process(term_type="vt100")
            await Shell(process).until("admin:")
            process.stdin.write("set cert import trust tomcat\n-----BEGIN CERTIFICATE-----\n")
            connection.abort()
        await assert_alive(ssh)
        await ssh.stop()
        assert not ssh.shells


async def test_the_door_stops_with_sessions_open_and_starts_again(
    bench: Bench, ssh: PlatformSsh, keys: list[asyncssh.SSHKey]
) -> None:
    async with connected(ssh) as connection:
        process = await connection.create_process(term_type="vt100")
        await Shell(process).until("admin:")
        await ssh.stop()
        await ssh.stop()
        await connection.wait_closed()
    assert await ssh.start() == ssh.address
    await assert_alive(ssh)


async def test_a_port_that_is_taken_is_an_error(bench: Bench, ssh: PlatformSsh, keys: Any) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {ssh.address}: Address already in use"):
        await PlatformSsh(bench.publisher, bench.clock, ssh.address, keys=keys).start()


async def test_one_connection_too_many_is_dropped_and_the_others_stay(
    ssh: PlatformSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registrar.aio.platform_ssh.MAX_CONNECTIONS", 1)
    async with shell(ssh) as opened:
        with pytest.raises((asyncssh.Error, OSError)):
            async with connected(ssh):
                pass
        assert (await opened.run("show cli pagination")).startswith("Automatic")
    await ssh.stop()
    await ssh.start()
    await assert_alive(ssh)
