"""The control API of a running lab: what a developer's test needs beside the protocols themselves.

Plain HTTP with JSON, on the loopback address unless told otherwise, and never on a protocol port. A request's
Host must be an address or localhost: no web page can reach it through a name of its own (DNS rebinding).
"""

from __future__ import annotations

from simulator.lab.control.server import ControlServer

__all__ = ["ControlServer"]
