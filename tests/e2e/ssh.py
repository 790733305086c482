"""An administrator's fingers: `ssh -p 2222 admin@127.0.0.1` of OpenSSH, else asyncssh."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from pathlib import Path

import asyncssh

from tests.e2e.running_lab import RunningLab
from tests.patience import awaited

PASSWORD = "ucmsim"


async def typed(lab: RunningLab, folder: Path, *lines: str, node: str = "ucm-pub") -> str:
    """Log in, type the lines, `quit`; what the screen showed."""
    host, port = lab.endpoint("ssh", node)
    text = "".join(f"{line}\n" for line in (*lines, "quit"))
    async with awaited(f"the end of an SSH session that types {lines}"):
        if shutil.which("ssh") is None:
            return await _asyncssh(host, port, text)
        return await _openssh(host, port, text, folder)


async def _openssh(host: str, port: int, text: str, folder: Path) -> str:
    secret = folder / "askpass"
    secret.write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
    secret.chmod(stat.S_IRWXU)
    options = {
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": folder / "known_hosts",
        "LogLevel": "ERROR",
        "NumberOfPasswordPrompts": "1",
    }
    process = await asyncio.create_subprocess_exec(
        *("ssh", "-F", "none", "-tt", "-p", str(port)),
        *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
        f"admin@{host}",
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "SSH_ASKPASS": str(secret),
            "SSH_ASKPASS_REQUIRE": "force",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(text.encode())
    assert process.returncode == 0, err.decode()
    return out.decode().replace("\r\n", "\n")


async def _asyncssh(host: str, port: int, text: str) -> str:
    async with (
        asyncssh.connect(
            host, port, username="admin", password=PASSWORD, known_hosts=None, config=None
        ) as conn,
        conn.create_process(term_type="vt100") as process,
    ):
        process.stdin.write(text)
        out: str = await process.stdout.read()
    return out.replace("\r\n", "\n")
