"""The pages of the control API that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web

from registrar.core.register.reasons import REPLIES
from registrar.core.tokens import MUTATIONS
from simulator import __version__
from simulator.core.events import EVENTS
from simulator.core.events.log import EventLog, Record, record_to_json
from simulator.evidence import ladder
from simulator.evidence.explain import explain, full
from simulator.lab.control import metrics
from simulator.lab.control.answers import FRESH, Problem, json_of, number_of
from simulator.lab.run.live import Lab

_LONGEST_WAIT = 30
"""Seconds that a request for events may wait for one."""
_WIDEST = 200


class ReadingPages:
    def __init__(self, lab: Lab, endpoints: Callable[[], Mapping[str, object]]) -> None:
        self._lab, self._endpoints = lab, endpoints

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._about),
            web.get("/endpoints", self._show_endpoints),
            web.get("/registrations", self._registrations),
            web.get("/events", self._events),
            web.get("/ladder", self._ladder),
            web.get("/explain", self._explain),
            web.get("/metrics", self._metrics),
            web.get("/reasons", self._reasons),
            web.get("/tokens/mutations", self._mutations),
        ]

    async def _about(self, request: web.Request) -> web.Response:
        paths = sorted({r.resource.canonical for r in request.app.router.routes() if r.resource is not None})
        site = self._lab.site
        about = {"ucmsim": __version__, "lab": site.config.name, "last_seq": site.log.last_seq, "paths": paths}
        return json_of(about)

    async def _show_endpoints(self, request: web.Request) -> web.Response:
        return json_of(dict(self._endpoints()))

    async def _registrations(self, request: web.Request) -> web.Response:
        now = self._lab.site.clock.now()
        rows = [
            {
                "device": binding.device,
                "dn": binding.dn,
                "node": binding.node,
                "contact": binding.contact,
                "transport": binding.transport,
                "source": str(binding.source),
                "user": binding.subject,
                "expires_in": round(binding.expires_at - now, 1),
            }
            for binding in self._lab.site.cluster.bindings.all()
        ]
        return json_of(rows)

    async def _events(self, request: web.Request) -> web.Response:
        """Return kept records with seq > since, oldest first, at most `limit`; with `kind` those of that kind.

        With `wait` an answer that would be empty is held back until there is a record, or for so many seconds.
        """
        since, limit = number_of(request, "since", 0), number_of(request, "limit", 1000)
        wait, kind = min(number_of(request, "wait", 0), _LONGEST_WAIT), request.query.get("kind")
        if kind is not None and kind not in EVENTS:
            raise Problem(400, f"kind: no event {kind!r}")
        log = self._lab.site.log
        found = _kept(log, since, kind)
        if not found and wait:
            await _next(log, kind, wait)
            found = _kept(log, since, kind)
        return json_of([record_to_json(record) for record in found[:limit]])

    async def _ladder(self, request: web.Request) -> web.Response:
        """Return the ladder of the kept records with seq > since, as text."""
        since, width = number_of(request, "since", 0), number_of(request, "width", 100)
        log = self._lab.site.log
        rows, captions = ladder.rows_of(log.records(since=since)), ladder.captions_of(log.records())
        lines = [line.text for line in ladder.draw(rows, width=min(width, _WIDEST), captions=captions)]
        return web.Response(text="".join(f"{line}\n" for line in lines), headers=FRESH)

    async def _explain(self, request: web.Request) -> web.Response:
        """Return every attempt in the kept records with seq > since, or the one of a number; JSON or text."""
        since, width = number_of(request, "since", 0), number_of(request, "width", 100)
        found = explain(self._lab.site.log.records(since=since))
        if "attempt" in request.query:
            number = number_of(request, "attempt", 0)
            found = tuple(attempt for attempt in found if attempt.number == number)
            if not found:
                raise Problem(404, f"no attempt {number} in the kept events")
        match request.query.get("format", "json"):
            case "json":
                return json_of([attempt.to_json() for attempt in found])
            case "text":
                lines = [line for attempt in found for line in full(attempt, width=min(width, _WIDEST))]
                return web.Response(text="".join(f"{line}\n" for line in lines), headers=FRESH)
            case other:
                raise Problem(400, f"format: json or text, not {other!r}")

    async def _metrics(self, request: web.Request) -> web.Response:
        """Return UCM's counters in Prometheus' text format."""
        text = metrics.render(self._lab.site)
        return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE, **FRESH})

    async def _reasons(self, request: web.Request) -> web.Response:
        """Return every reason for which the registrar refuses."""
        rows = [
            {"name": reason.value, "status": rule.status, "text": rule.explanation, "remedy": rule.remedy}
            for reason, rule in REPLIES.items()
        ]
        return json_of(rows)

    async def _mutations(self, request: web.Request) -> web.Response:
        rows = [
            {"name": m.name, "row": m.row, "text": m.text, "problem": m.problem.value, "needs": m.needs}
            for m in MUTATIONS.values()
        ]
        return json_of(rows)


def _kept(log: EventLog, since: int, kind: str | None) -> list[Record]:
    return [record for record in log.records(since=since) if kind in (None, record.event.kind)]


async def _next(log: EventLog, kind: str | None, seconds: float) -> None:
    """Wait until the next record of this kind, or for so many seconds."""
    came = asyncio.Event()
    stop = log.subscribe(lambda record: came.set() if kind in (None, record.event.kind) else None)
    try:
        async with asyncio.timeout(seconds):
            await came.wait()
    except TimeoutError:
        return
    finally:
        stop()
