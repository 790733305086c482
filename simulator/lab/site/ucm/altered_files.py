"""A phone's configuration file served otherwise than the cluster would: what a step `config_file` asks for."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.config.faults import ServedFile
from simulator.lab.site.ucm.middleware import Handler


def changed(xml: bytes, change: ServedFile) -> bytes:
    """Return the file as `change` wants it. ValueError names an element that is not in the file."""
    text = xml.decode() if change.body is None else change.body
    for name, value in change.elements.items():
        new = "" if value is None else f"<{name}>{escape(value)}</{name}>"
        text = _replaced(text, rf"()<{re.escape(name)}>[^<]*</{re.escape(name)}>", new, name)
    for name, other in change.rename.items():
        text = _replaced(text, rf"(</?){re.escape(name)}(?=[\s>])", other, name)
    return text.encode()[: change.cut]


def _replaced(text: str, pattern: str, new: str, name: str) -> str:
    """With the pattern's first group kept before what is new."""
    text, count = re.subn(pattern, lambda match: match[1] + new, text)
    if not count:
        raise ValueError(f"no element <{name}> in the file")
    return text


class AlteredFiles:
    """Middleware of the configuration service: the files of some phones arrive changed."""

    def __init__(self) -> None:
        self._changes: dict[str, ServedFile] = {}

    def put(self, device: str, change: ServedFile) -> None:
        """Serve the file of this device with `change` until another one is put."""
        self._changes[f"{device}.cnf.xml"] = change

    def wrap(self, request: HttpRequest, now: Instant, answer: Handler) -> HttpResponse:
        """Return the service's answer, changed if the file is one of those."""
        response = answer(request, now)
        change = self._changes.get(request.path.lstrip("/"))
        if change is None or request.method != "GET":
            return response
        body = changed(response.body, change) if response.status == 200 else response.body
        return HttpResponse(status=change.status, headers=response.headers, body=body)
