"""A command imports what it needs and no more: people wait for its start, scripts hundreds of times."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from simulator.cli.lazy import COMMANDS, load

HEAVY = {"aiohttp", "asyncio", "asyncssh", "cryptography", "joserfc", "jwt", "lxml", "ruamel", "hypothesis"}
OURS = {"simulator.lab", "simulator.evidence", "simulator.aio", "registrar", "softphone", "certs"}
IMPORTED = """
import sys
from simulator.__main__ import main
sys.argv = ["ucmsim", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
sys.stderr.write(" ".join(sys.modules))
"""


def imported(*arguments: str) -> set[str]:
    """The modules that a process has imported when the command `arguments` has ended."""
    command = [sys.executable, "-c", IMPORTED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Error" not in done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture
def control() -> Iterator[str]:
    """A URL where a POST is answered as `POST /tokens` of a lab is."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"token": "a.b.c"}')

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_version_is_printed_without_any_of_our_rooms() -> None:
    assert not imported("--version") & (HEAVY | OURS | {"rich", "pydantic"})


def test_the_help_is_printed_without_any_of_our_rooms() -> None:
    assert not imported("--help") & (HEAVY | OURS | {"pydantic"})


def test_a_token_is_minted_without_any_of_our_rooms(control: str) -> None:
    modules = imported("token", "mint", "--control", control, "--user", "alice")
    assert not modules & (HEAVY | OURS | {"rich"})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_the_help_is_the_first_sentence_of_the_commands_own(name: str) -> None:
    command = load(name)
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name].help
