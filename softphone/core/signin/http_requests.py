"""The sign-in's HTTP requests, one at a time: sent on the way in use, noted when they are answered."""

from __future__ import annotations

from urllib.parse import urlsplit

from simulator.core.actor.flow import Effect, Fetch, Fetched
from simulator.core.events import SignInStepAnswered
from simulator.core.events.log import Journal
from softphone.core.registration.context import ClientTlsFor
from softphone.core.signin import requests
from softphone.core.signin.route import STRAIGHT, Route
from softphone.core.signin.transitions import SignInState

PREFIX = "sign-in-"
"""Of the fetch keys."""


class HttpRequests:
    def __init__(self, *, out: list[Effect], journal: Journal, client_tls: ClientTlsFor) -> None:
        self._out, self._journal, self._client_tls = out, journal, client_tls
        self.way = STRAIGHT
        self.url = ""
        """Of the last request, as it is called inside."""
        self._dialled = ""
        self._count = 0
        self._key: str | None = None

    def get(self, url: str, *, query: requests.Fields = (), more: tuple[tuple[str, str], ...] = ()) -> None:
        """`more`: header fields."""
        self.url = url
        inside = url + requests.query_text(query)
        self._ask("GET", self.way.url(inside), (*self.way.headers, *more), b"")

    def post(self, url: str, fields: requests.Fields) -> None:
        self.url = url
        headers = (("Content-Type", "application/x-www-form-urlencoded"), *self.way.headers)
        self._ask("POST", self.way.url(url), headers, requests.form_text(fields))

    def ask_edge(
        self, edge: Route, what: str, query: requests.Fields, more: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """`what`: get_edge_sso or get_edge_config, of the edge itself."""
        self.url = edge.asking(what)
        self._ask("GET", self.url + requests.query_text(query), more, b"")

    def answers(self, key: str) -> bool | None:
        """Is this what is awaited? It is awaited no more. None: it was never an errand of these."""
        if not key.startswith(PREFIX):
            return None
        if key != self._key:
            return False
        self._key = None
        return True

    def cancel(self) -> None:
        self._key = None

    def note(self, state: SignInState, result: Fetched, code: str, detail: str) -> None:
        parts = urlsplit(self._dialled)
        where = f"{parts.hostname}:{parts.port}{parts.path}"
        self._journal.add(
            SignInStepAnswered(step=state, where=where, status=result.status, problem=code, detail=detail)
        )

    def told(self, problem: str) -> str:
        parts = urlsplit(self._dialled)
        return f"{parts.hostname}:{parts.port} {parts.path}: {problem}"

    def _ask(self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self._count += 1
        self._key, self._dialled = f"{PREFIX}{self._count}", url
        self._out.append(
            Fetch(
                key=self._key,
                url=url,
                method=method,
                headers=headers,
                body=body,
                redirects=False,
                tls=self._client_tls(""),
            )
        )
