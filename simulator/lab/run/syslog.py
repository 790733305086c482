"""Sends the nodes' alarms where an administrator asked for them: a file, or a syslog server over UDP.

A reader of the event stream and nothing else. What a server misses is lost, as with any UDP syslog.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TextIO
from urllib.parse import urlsplit

from simulator.core.events.log import EventLog, Record
from simulator.evidence.logs.ucm_syslog import Alarm, Alarms

PORT = 514


class _Sink(Protocol):
    def send(self, alarm: Alarm) -> None: ...
    def close(self) -> None: ...


class Syslog:
    """`target`: a file to append to, or udp://HOST[:PORT]."""

    def __init__(self, target: str) -> None:
        """Raises ValueError for a URL that is none, OSError for a file that cannot be written."""
        self._sink: _Sink = _Udp(target) if target.startswith("udp:") else _File(Path(target))
        self._detach: Callable[[], None] = lambda: None

    def attach(self, log: EventLog, nodes: list[str]) -> None:
        """Read this log from now on. Again after a lab was rebuilt: flow ids begin anew."""
        self._detach()
        alarms = {node: Alarms(node) for node in nodes}

        def read(record: Record) -> None:
            reader = alarms.get(str(record.actor))
            alarm = reader.read(record) if reader is not None else None
            if alarm is not None:
                self._sink.send(alarm)

        self._detach = log.subscribe(read)

    def close(self) -> None:
        self._detach()
        self._detach = lambda: None
        self._sink.close()


class _File:
    """Line by line, so that `tail -f` shows each alarm as it comes."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)

    def send(self, alarm: Alarm) -> None:
        with suppress(OSError):  # a full disk must not stop the lab
            self._file.write(f"{alarm.line}\n")

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class _Udp:
    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or PORT
        except ValueError as error:
            raise ValueError(f"{url!r}: {error}") from None
        if parts.scheme != "udp" or not host or parts.path not in ("", "/"):
            raise ValueError(f"{url!r} is not udp://HOST:PORT")
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            raise ValueError(f"{url!r}: {error.strerror}") from None
        self._address = address
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)

    def send(self, alarm: Alarm) -> None:
        with suppress(OSError):  # nobody listens, or the network is gone
            self._socket.sendto(alarm.datagram, self._address)

    def close(self) -> None:
        self._socket.close()
