"""Ctrl-C while a command starts: it ends at once and says nothing, whatever Python is doing just then."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.e2e.running_lab import environment
from tests.patience import patience

STARTING = """\
import signal, sys
import simulator.{module} as place

class Interrupted:
    def __del__(self):  # Python swallows what is raised in here: the interrupt would be lost
        signal.raise_signal(signal.SIGINT)

def interrupted(*args):
    Interrupted()
    print("goes on", flush=True)
    sys.exit(7)

place.{function} = interrupted
sys.argv = ["ucmsim", "up", "--port-base", "0"]
from simulator.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process has no signal number in its exit status there")
@pytest.mark.parametrize(
    ("module", "function"),
    [("installation", "check"), ("cli.up", "_config"), ("lab.control.up", "allow_many")],
    ids=["while modules are read", "while the lab's file is read", "before the lab listens for signals"],
)
def test_an_interrupt_while_it_starts_ends_it_in_silence(module: str, function: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", STARTING.format(module=module, function=function)],
        capture_output=True,
        text=True,
        timeout=patience(),
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
