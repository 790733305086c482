"""The control API of a lab, as blocking calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from .process import LabError, Process

Record = dict[str, Any]
"""An event of the lab as JSON: seq, at, actor, flow, caused_by, kind, and the fields of its kind."""

_TIMEOUT = 60.0
_ALL = 100_000


class ControlClient:
    """The lab's control API: JSON over HTTP on the loopback address. Raises LabError."""

    def __init__(self, url: str, process: Process) -> None:
        self.url = url
        self._process = process

    def get(self, path: str, **query: object) -> Any:
        """Ask for `path`: JSON is returned as what it stands for, text as str. Raises LabError."""
        __tracebackhide__ = True
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Send `body` as JSON and return the JSON answer. Raises LabError."""
        __tracebackhide__ = True
        return self._ask("POST", path, None if body is None else json.dumps(body).encode())

    def records(self, *, since: int = 0, kind: str | None = None) -> list[Record]:
        """Return what happened after record `since`, oldest first: all of it, or one kind ("tls:failed")."""
        found: list[Record] = self.get("/events", since=since, limit=_ALL)
        return [record for record in found if kind in (None, record["kind"])]

    def registrations(self) -> list[Record]:
        """Return the registrations in force: device, dn, node, contact, transport, source, user, expires_in."""
        rows: list[Record] = self.get("/registrations")
        return rows

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        __tracebackhide__ = True
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text, kind = answer.read().decode(), answer.headers.get_content_type()
        except (OSError, HTTPException) as error:
            raise LabError(self._process.epitaph() or f"{method} {path}: {error}") from None
        finally:
            connection.close()
        data = json.loads(text) if kind == "application/json" else text
        if answer.status >= 400:
            said = data.get("error", text) if isinstance(data, dict) else text
            raise LabError(f"{method} {path}: {answer.status}: {said}", answer.status)
        return data
