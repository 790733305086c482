"""The control API of a running lab: what a developer's test needs beside the protocols themselves.

Plain HTTP with JSON, on the loopback address unless told otherwise, and never on a protocol port. A request's
Host must be an address or localhost: no web page can reach it through a name of its own (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registrar.core.reasons import REPLIES
from registrar.core.tokens import MUTATIONS, TokenPolicy, TokenValidator, inspect_token
from simulator import __version__
from simulator.aio.http import BAD_REQUEST, logger
from simulator.core.eventlog import EventLog, Record, record_to_json
from simulator.core.events import EVENTS
from simulator.core.flow import Address
from simulator.core.sip import IllegalInput
from simulator.lab import ladder, metrics
from simulator.lab.config import TokenConfig
from simulator.lab.control_expressway import ExpresswayPages
from simulator.lab.explain import explain, full
from simulator.lab.failures import FailurePlan
from simulator.lab.live import Lab

BODY_LIMIT = 256 * 1024
_LONGEST_WAIT = 30
"""Seconds for which a question about events is held back at most."""
_WIDEST = 200
_FRESH = {"Cache-Control": "no-store"}
M = TypeVar("M", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MintRequest(_Body):
    user: Annotated[str, Field(min_length=1, max_length=128)]
    device: str | None = None
    lifetime: Annotated[int, Field(ge=1, le=86400)] = 3600
    mutate: str | None = None


class InspectRequest(_Body):
    token: Annotated[str, Field(max_length=65536)]


class StartRequest(_Body):
    """How the phone shall be from now on; what is left out stays as it is."""

    behaviours: Annotated[list[str], Field(max_length=50)] | None = None
    token: TokenConfig | None = None


class AdvanceRequest(_Body):
    seconds: Annotated[float, Field(gt=0, le=10_000_000)]


class AdminRequest(_Body):
    command: Annotated[str, Field(min_length=1, max_length=16384)]
    node: str | None = None
    answers: list[Annotated[str, Field(max_length=65536)]] = []


class Problem(Exception):
    """Becomes a JSON answer with this status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Control:
    def __init__(self, lab: Lab, endpoints: Callable[[], Mapping[str, object]]) -> None:
        self._lab = lab
        self._endpoints = endpoints
        self._runner: web.AppRunner | None = None
        self._turn = asyncio.Lock()

    async def start(self, host: str, port: int) -> Address:
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_guard, self._in_turn])
        app.add_routes(
            [
                web.get("/", self._about),
                web.get("/endpoints", self._show_endpoints),
                web.get("/registrations", self._registrations),
                web.get("/events", self._events),
                web.get("/ladder", self._ladder),
                web.get("/explain", self._explain),
                web.get("/metrics", self._metrics),
                web.get("/reasons", self._reasons),
                web.get("/tokens/mutations", self._mutations),
                web.post("/tokens", self._mint),
                web.post("/tokens/inspect", self._inspect),
                web.post("/phones/{device}/start", self._start_phone),
                web.post("/phones/{device}/stop", self._stop_phone),
                web.post("/nodes/{node}/restart", self._restart_node),
                web.post("/admin", self._admin),
                *ExpresswayPages(self._lab, _json).routes(),
                web.get("/journal", self._journal),
                web.get("/failures", self._failures),
                web.post("/failures", self._plan_failure),
                web.delete("/failures", self._forget_failures),
                web.post("/clock/advance", self._advance),
                web.post("/reset", self._reset),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, logger=logger)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        name = self._runner.addresses[0]
        return Address(str(name[0]), int(name[1]))

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- reading ----------------------------------------------------------------------------------------------

    async def _about(self, request: web.Request) -> web.Response:
        paths = sorted({r.resource.canonical for r in request.app.router.routes() if r.resource is not None})
        site = self._lab.site
        about = {"ucmsim": __version__, "lab": site.config.name, "last_seq": site.log.last_seq, "paths": paths}
        return _json(about)

    async def _show_endpoints(self, request: web.Request) -> web.Response:
        return _json(dict(self._endpoints()))

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
        return _json(rows)

    async def _events(self, request: web.Request) -> web.Response:
        """Kept records with seq > since, oldest first, at most `limit`; with `kind` only those of that kind.

        With `wait` an answer that would be empty is held back until there is a record, or for so many seconds.
        """
        since, limit = _number(request, "since", 0), _number(request, "limit", 1000)
        wait, kind = min(_number(request, "wait", 0), _LONGEST_WAIT), request.query.get("kind")
        if kind is not None and kind not in EVENTS:
            raise Problem(400, f"kind: no event {kind!r}")
        log = self._lab.site.log
        found = _kept(log, since, kind)
        if not found and wait:
            await _next(log, kind, wait)
            found = _kept(log, since, kind)
        return _json([record_to_json(record) for record in found[:limit]])

    async def _ladder(self, request: web.Request) -> web.Response:
        """As text: kept records with seq > since."""
        since, width = _number(request, "since", 0), _number(request, "width", 100)
        log = self._lab.site.log
        rows, captions = ladder.rows_of(log.records(since=since)), ladder.captions_of(log.records())
        lines = [line.text for line in ladder.draw(rows, width=min(width, _WIDEST), captions=captions)]
        return web.Response(text="".join(f"{line}\n" for line in lines), headers=_FRESH)

    async def _explain(self, request: web.Request) -> web.Response:
        """Every attempt in the kept records with seq > since, or the one of that number; as JSON or text."""
        since, width = _number(request, "since", 0), _number(request, "width", 100)
        found = explain(self._lab.site.log.records(since=since))
        if "attempt" in request.query:
            number = _number(request, "attempt", 0)
            found = tuple(attempt for attempt in found if attempt.number == number)
            if not found:
                raise Problem(404, f"no attempt {number} in the kept events")
        match request.query.get("format", "json"):
            case "json":
                return _json([attempt.to_json() for attempt in found])
            case "text":
                lines = [line for attempt in found for line in full(attempt, width=min(width, _WIDEST))]
                return web.Response(text="".join(f"{line}\n" for line in lines), headers=_FRESH)
            case other:
                raise Problem(400, f"format: json or text, not {other!r}")

    async def _metrics(self, request: web.Request) -> web.Response:
        """UCM's counters, for Prometheus."""
        text = metrics.render(self._lab.site)
        return web.Response(body=text.encode(), headers={"Content-Type": metrics.CONTENT_TYPE, **_FRESH})

    async def _reasons(self, request: web.Request) -> web.Response:
        """Every way the registrar says no."""
        rows = [
            {"name": reason.value, "status": rule.status, "text": rule.explanation, "remedy": rule.remedy}
            for reason, rule in REPLIES.items()
        ]
        return _json(rows)

    async def _mutations(self, request: web.Request) -> web.Response:
        rows = [
            {"name": m.name, "row": m.row, "text": m.text, "problem": m.problem.value, "needs": m.needs}
            for m in MUTATIONS.values()
        ]
        return _json(rows)

    # --- tokens -----------------------------------------------------------------------------------------------

    async def _mint(self, request: web.Request) -> web.Response:
        asked = await _body(request, MintRequest)
        site = self._lab.site
        if asked.device is not None and site.cluster.directory.device(asked.device) is None:
            raise Problem(404, f"no device {asked.device!r} in this cluster")
        token = site.mint.token(asked.user, site.clock.now(), lifetime=asked.lifetime, mutation=asked.mutate)
        answer: dict[str, object] = {"token": token.text, "expires_at": token.expires_at}
        match site.cluster.directory.subject_status(asked.user):
            case "unknown":
                answer["warning"] = f"this cluster has no user {asked.user!r} and refuses the token"
            case "inactive":
                answer["warning"] = f"user {asked.user!r} is inactive, so the cluster refuses the token"
        return _json(answer)

    async def _inspect(self, request: web.Request) -> web.Response:
        asked = await _body(request, InspectRequest)
        site = self._lab.site
        keys = site.cluster.keys.public
        validator = TokenValidator(
            keys, TokenPolicy(issuer=keys.cluster_id), site.cluster.directory.subject_status
        )
        inspection = inspect_token(asked.token, keys, site.clock.now(), validator)
        return _json(inspection.as_json())

    # --- acting -----------------------------------------------------------------------------------------------

    @web.middleware
    async def _in_turn(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What acts waits for what acts already: nothing meets a lab that is half reset."""
        if request.method == "GET":
            return await handler(request)
        async with self._turn:
            return await handler(request)

    async def _start_phone(self, request: web.Request) -> web.Response:
        device, site = request.match_info["device"], self._lab.site
        asked = await _body(request, StartRequest) if request.can_read_body else StartRequest()
        if device in site.phones:
            if asked.behaviours is not None:
                site.set_behaviours(device, asked.behaviours)
            if asked.token is not None:
                site.set_token(device, asked.token)
        return await self._phone(request, lambda phone, now: phone.start(now))

    async def _stop_phone(self, request: web.Request) -> web.Response:
        return await self._phone(request, lambda phone, now: phone.stop(now))

    async def _phone(self, request: web.Request, do: Callable[[Any, Any], None]) -> web.Response:
        device = request.match_info["device"]
        phone = self._lab.site.phones.get(device)
        if phone is None:
            raise Problem(404, f"no phone {device!r} in this lab")
        try:
            do(phone, self._lab.site.clock.now())
        except IllegalInput:
            raise Problem(409, f"{device} is {phone.state.value} already") from None
        self._lab.kick(phone)
        await self._lab.settle()
        return _json({"device": device, "state": phone.state.value, "registered_at": phone.registered_at})

    async def _restart_node(self, request: web.Request) -> web.Response:
        name = request.match_info["node"]
        if name not in self._lab.site.nodes:
            raise Problem(404, f"no node {name!r} in this lab")
        await self._lab.close_node(name)
        await self._lab.open_node(name)
        return _json(dict(self._endpoints()))

    async def _admin(self, request: web.Request) -> web.Response:
        """A command of the platform CLI, run to its end; `answers` to its questions, in order."""
        asked = await _body(request, AdminRequest)
        site = self._lab.site
        node = asked.node or site.cluster.nodes[0].name
        if node not in site.office.clis:
            raise Problem(404, f"no node {node!r} in this lab")
        result = await self._lab.run_errand(node, asked.command, asked.answers)
        return _json({"node": node, "text": result.text, "succeeded": result.succeeded})

    # --- failures ---------------------------------------------------------------------------------------------

    async def _journal(self, request: web.Request) -> web.Response:
        """Calls of the web servers and configuration files: the kept ones after `since`, and counts of all."""
        since, limit = _number(request, "since", 0), _number(request, "limit", 1000)
        failures = self._lab.site.office.failures
        return _json({"calls": failures.calls(since=since)[:limit], "counts": failures.counts()})

    async def _failures(self, request: web.Request) -> web.Response:
        return _json(self._lab.site.office.failures.pending())

    async def _plan_failure(self, request: web.Request) -> web.Response:
        failures = self._lab.site.office.failures
        failures.plan(await _body(request, FailurePlan))
        return _json(failures.pending())

    async def _forget_failures(self, request: web.Request) -> web.Response:
        self._lab.site.office.failures.clear()
        return _json([])

    async def _advance(self, request: web.Request) -> web.Response:
        asked = await _body(request, AdvanceRequest)
        await self._lab.advance(asked.seconds)
        return _json({"now": self._lab.site.clock.now()})

    async def _reset(self, request: web.Request) -> web.Response:
        """Back to the beginning, events included: the next record has seq 1."""
        await self._lab.reset()
        return _json(dict(self._endpoints()))


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every answer is JSON, a problem too; foreign Host names are refused."""
    try:
        if not _is_literal(request.host):
            raise Problem(403, "the Host must be an IP address or localhost")
        return await handler(request)
    except Problem as problem:
        return _json({"error": str(problem)}, status=problem.status)
    except ValueError as error:
        return _json({"error": str(error)}, status=400)
    except BAD_REQUEST:
        return _json({"error": "the request's body cannot be read"}, status=400)
    except web.HTTPException as error:
        return _json({"error": error.reason}, status=error.status)


def _kept(log: EventLog, since: int, kind: str | None) -> list[Record]:
    return [record for record in log.records(since=since) if kind in (None, record.event.kind)]


async def _next(log: EventLog, kind: str | None, seconds: float) -> None:
    """Until the next record of this kind, or for so many seconds."""
    came = asyncio.Event()
    stop = log.subscribe(lambda record: came.set() if kind in (None, record.event.kind) else None)
    try:
        async with asyncio.timeout(seconds):
            await came.wait()
    except TimeoutError:
        return
    finally:
        stop()


def _is_literal(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 or host.startswith("[") else host
    name = name.strip("[]")
    if name == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


async def _body(request: web.Request, model: type[M]) -> M:
    try:
        data = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Problem(400, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise Problem(400, f"{name}: {text[:40]!r} is not a number")
    return int(text)


def _json(data: object, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers=_FRESH)
