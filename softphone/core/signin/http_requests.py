"""The sign-in's HTTP requests, one at a time: sent by the route in use, reported when they are answered."""

from __future__ import annotations

from urllib.parse import urlsplit

from simulator.core.actor.flow import Effect, Fetch, Fetched
from simulator.core.events import SignInStepAnswered
from simulator.core.events.log import Journal
from simulator.core.tls.settings import ClientTls
from softphone.core.signin import requests
from softphone.core.signin.transitions import SignInState
from softphone.core.signin.uds_entry_points import DIRECT, Route

PREFIX = "sign-in-"
"""Of the fetch keys."""


class HttpRequests:
    """`route` is the one that the next request takes."""

    def __init__(self, *, out: list[Effect], journal: Journal, tls: ClientTls) -> None:
        self._out, self._journal, self._tls = out, journal, tls
        self.route = DIRECT
        self.url = ""
        """URL of the last request, as servers inside know it."""
        self._dialled = ""
        self._count = 0
        self._key: str | None = None

    def get(self, url: str, *, query: requests.Fields = (), more: tuple[tuple[str, str], ...] = ()) -> None:
        """Ask for `url` with the header fields `more`."""
        self.url = url
        inside = url + requests.query_text(query)
        self._ask("GET", self.route.url(inside), (*self.route.headers, *more), b"")

    def post(self, url: str, fields: requests.Fields) -> None:
        """Send a form to `url`."""
        self.url = url
        headers = (("Content-Type", "application/x-www-form-urlencoded"), *self.route.headers)
        self._ask("POST", self.route.url(url), headers, requests.form_text(fields))

    def ask_edge(
        self, edge: Route, what: str, query: requests.Fields, more: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Ask an Expressway for its own `what`: get_edge_sso or get_edge_config."""
        self.url = edge.asking(what)
        self._ask("GET", self.url + requests.query_text(query), more, b"")

    def answers(self, key: str) -> bool | None:
        """Take the answer with this key: True if it was awaited, None if its request is not one of these."""
        if not key.startswith(PREFIX):
            return None
        if key != self._key:
            return False
        self._key = None
        return True

    def cancel(self) -> None:
        """Await no answer any longer."""
        self._key = None

    def note(self, state: SignInState, result: Fetched, code: str, detail: str) -> None:
        """Report the answer to the last request; `code` is empty if it was usable."""
        parts = urlsplit(self._dialled)
        where = f"{parts.hostname}:{parts.port}{parts.path}"
        self._journal.add(
            SignInStepAnswered(step=state, where=where, status=result.status, problem=code, detail=detail)
        )

    def described(self, problem: str) -> str:
        """Return `problem` with the server and path of the last request before it."""
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
                tls=self._tls,
            )
        )
