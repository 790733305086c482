"""Foreign SSH clients on the platform CLI: paramiko as two public clients drive it, and OpenSSH's ssh."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from registrar.aio.platform_ssh import PlatformSsh, host_keys
from simulator.core.actor.flow import Address
from tests.patience import awaited, patience
from tests.registrar.core.platform_cli.cli_bench import CALLMANAGER, PASSWORD, PUBLISHER, Bench, authority

pytestmark = pytest.mark.interop
paramiko = pytest.importorskip("paramiko", reason="paramiko is not installed")


@pytest.fixture
async def door() -> AsyncIterator[PlatformSsh]:
    bench = Bench()
    keys: list[asyncssh.SSHKey] = host_keys(PUBLISHER)
    async with PlatformSsh(bench.publisher, bench.clock, Address("127.0.0.1", 0), keys=keys) as door:
        yield door


class Expecting:
    """Reads until the screen ends as expected, the way paramiko-expect does: by a line's start, CR removed."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        channel.settimeout(patience())
        self.output = ""

    def expect(self, pattern: str) -> str:
        seen = ""
        end = time.monotonic() + patience()
        while not re.match(rf"(?s).*\n{pattern}$", seen):
            assert time.monotonic() < end, f"no {pattern!r} in {seen!r}"
            received = self._channel.recv(1024)
            assert received, f"the shell ended behind {seen!r}"
            seen += received.decode().replace("\r", "")
        self.output += seen
        return seen

    def send(self, text: str) -> None:
        self._channel.sendall(text.encode())


def ansible_like(address: Address) -> list[list[str]]:
    """Password; waits for `admin:`; cuts the output behind the line `admin:<command>`."""
    command = f"utils service restart {CALLMANAGER}"
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        *(address.host, address.port, "admin", PASSWORD),
        look_for_keys=False,
        allow_agent=False,
        timeout=patience(),
    )
    interact = Expecting(client.invoke_shell())
    interact.expect("admin:")
    interact.send(f"{command}\n")
    interact.expect("admin:")
    client.close()
    assert "Executed command unsuccessfully" not in interact.output
    lines = interact.output.splitlines()
    return [line.split() for line in lines[lines.index(f"admin:{command}") + 1 : -1]]


async def test_a_client_that_cuts_behind_the_echoed_command(door: PlatformSsh) -> None:
    tokens = await asyncio.to_thread(ansible_like, door.address)
    assert tokens[1:] == [
        ["Service", "Manager", "is", "running"],
        ["Cisco", "CallManager[STOPPING]"],
        ["Cisco", "CallManager[STOPPING]"],
        ["Cisco", "CallManager[STARTING]"],
        ["Cisco", "CallManager[STARTING]"],
        ["Cisco", "CallManager[STARTED]"],
    ]


ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = re.compile(r"(?:^|\n)[A-Za-z0-9_-]+:\s*$")


def node_like(address: Address, commands: list[str]) -> list[str]:
    """Keyboard-interactive only; vt100 of 200 by 40; strips ANSI; takes any word and a colon for the prompt."""
    transport = paramiko.Transport((address.host, address.port))
    transport.connect()
    transport.auth_interactive("admin", lambda title, text, prompts: [PASSWORD for _ in prompts])
    channel = transport.open_session()
    channel.get_pty("vt100", 200, 40)
    channel.invoke_shell()
    channel.settimeout(patience())
    answers = []

    def screen() -> str:
        seen = ""
        while not PROMPT.search(seen):
            seen = ANSI.sub("", seen + channel.recv(4096).decode()).replace("\r\n", "\n").replace("\r", "\n")
        return seen

    screen()
    for command in commands:
        channel.sendall(f"{command}\n".encode())
        answers.append(screen())
    transport.close()
    return answers


async def test_a_client_of_keyboard_interactive_reads_every_list(door: PlatformSsh) -> None:
    commands = ["show version active", "utils service list", "show cert list own", "show network cluster"]
    answers = await asyncio.to_thread(node_like, door.address, commands)
    for command, answer in zip(commands, answers, strict=True):
        assert answer.startswith(f"{command}\n")
        assert answer.endswith("\nadmin:")
    assert "Cisco CallManager[STARTED]\n" in answers[1]


def ruler_cutting(address: Address, sql: str) -> list[dict[str, str]]:
    """Splits by CR LF; cuts the rows of `run sql` by the columns of the ruler."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        *(address.host, address.port, "admin", PASSWORD),
        look_for_keys=False,
        allow_agent=False,
        timeout=patience(),
    )
    channel = client.invoke_shell()
    channel.settimeout(patience())
    seen = b""
    for count in (1, 2):
        while seen.count(b"\r\nadmin:") < count:
            seen += channel.recv(65535)
        if count == 1:
            channel.sendall(f"run sql {sql}\n".encode())
    client.close()
    lines = seen.decode().split("\r\n")
    rule = next(number for number, line in enumerate(lines) if line.startswith("="))
    cuts = [match.span() for match in re.finditer("=+", lines[rule])]
    assert all(len(line) == len(lines[rule]) for line in lines[rule - 1 : -1])
    header = [lines[rule - 1][start:end].strip() for start, end in cuts]
    return [
        {name: line[start:end].strip() for name, (start, end) in zip(header, cuts, strict=True)}
        for line in lines[rule + 1 : -1]
    ]


async def test_a_client_that_cuts_rows_by_the_ruler(door: PlatformSsh) -> None:
    rows = await asyncio.to_thread(
        ruler_cutting, door.address, "select name, nodeid from processnode order by 2"
    )
    assert rows == [
        {"name": "EnterpriseWideData", "nodeid": "1"},
        {"name": "ucm1.example.com", "nodeid": "2"},
        {"name": "ucm2.example.com", "nodeid": "3"},
    ]


def importing(address: Address, pem: str) -> str:
    """Waits for the request to paste, sends the certificate as it is and then one Enter more, CR and LF."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        *(address.host, address.port, "admin", PASSWORD),
        look_for_keys=False,
        allow_agent=False,
        timeout=patience(),
    )
    interact = Expecting(client.invoke_shell())
    interact.expect("admin:")
    interact.send("set cert import trust tomcat\r")
    interact.expect(".*Paste the Certificate and Hit Enter.*")
    interact.send(pem + "\r")
    interact.send("\r\n\r")
    interact.expect("admin:")
    interact.send("show cert list trust\r")
    interact.expect(r".*CAPF-.*\nadmin:")
    client.close()
    return interact.output


async def test_a_client_that_pastes_a_certificate(door: PlatformSsh) -> None:
    pem = authority("Expressway CA").certificate.decode()
    output = await asyncio.to_thread(importing, door.address, pem)
    assert "Successfully imported certificate for tomcat.\n" in output
    assert "tomcat-trust/Expressway_CA.pem: Self-signed certificate\n" in output


def ask_pass(folder: Path) -> Path:
    script = folder / "askpass"
    script.write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
    script.chmod(stat.S_IRWXU)
    return script


async def openssh(
    door: PlatformSsh, folder: Path, *arguments: str, typed: bytes = b""
) -> tuple[int, bytes, bytes]:
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("ssh is not installed")
    process = await asyncio.create_subprocess_exec(
        ssh,
        *("-F", "none", "-p", str(door.address.port), "-o", "StrictHostKeyChecking=no"),
        *(
            "-o",
            f"UserKnownHostsFile={folder / 'known'}",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "NumberOfPasswordPrompts=1",
        ),
        *arguments,
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "SSH_ASKPASS": str(ask_pass(folder)),
            "SSH_ASKPASS_REQUIRE": "force",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with awaited("what the other end sends"):
        out, err = await process.communicate(typed)
    return process.returncode or 0, out, err


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
@pytest.mark.parametrize("pty", ["-tt", "-T"], ids=["with a terminal", "without a terminal"])
async def test_openssh_walks_the_cli(door: PlatformSsh, tmp_path: Path, method: str, pty: str) -> None:
    code, out, err = await openssh(
        door,
        tmp_path,
        *(pty, "-o", f"PreferredAuthentications={method}", "admin@127.0.0.1"),
        typed=b"utils sipOAuth-mode enable\nquit\n",
    )
    assert code == 0, err
    assert b"admin:utils sipOAuth-mode enable\r\nSIP OAuth mode enabled.\r\n" in out


async def test_openssh_gets_no_command_and_no_forwarding(door: PlatformSsh, tmp_path: Path) -> None:
    code, out, err = await openssh(door, tmp_path, "admin@127.0.0.1", "show version active")
    assert code != 0
    assert b"Active Master" not in out
    code, _, err = await openssh(door, tmp_path, "-N", "-W", "127.0.0.1:22", "admin@127.0.0.1")
    assert code != 0
    assert b"stdio forwarding failed" in err
