"""A phone's configuration file served otherwise than the cluster would: what a step `config_file` asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from registrar.core.tftp.service import ConfigService
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.config.faults import ServedFile


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


Around = Callable[[HttpRequest, Instant, Callable[[HttpRequest, Instant], HttpResponse]], HttpResponse]


class AlteredFiles:
    """An HttpService: the node's configuration service, with the answers about some phones changed."""

    def __init__(self, service: ConfigService, altered: Mapping[str, ServedFile], *, around: Around) -> None:
        """`altered`: file name of a phone's configuration -> how it is served; read at each request.

        `around` is given each request and what would answer it.
        """
        self._around = around
        self._service = service
        self._altered = altered

    def render(self, name: str) -> bytes:
        """The unchanged file of an existing device."""
        return self._service.render(name)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        return self._around(request, now, self._answer)

    def _answer(self, request: HttpRequest, now: Instant) -> HttpResponse:
        response = self._service.handle(request, now)
        change = self._altered.get(request.path.lstrip("/"))
        if change is None or request.method != "GET":
            return response
        body = changed(response.body, change) if response.status == 200 else response.body
        return HttpResponse(status=change.status, headers=response.headers, body=body)
