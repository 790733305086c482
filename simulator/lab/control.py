"""The control API of a running lab: what a developer's test needs beside the protocols themselves.

Plain HTTP with JSON, on the loopback address unless told otherwise, and never on a protocol port. A request's
Host must be an address or localhost: no web page can reach it through a name of its own (DNS rebinding).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registrar.core.tokens import MUTATIONS, TokenPolicy, TokenValidator, inspect_token
from simulator import __version__
from simulator.core.eventlog import record_to_json
from simulator.core.flow import Address
from simulator.lab.live import Lab

BODY_LIMIT = 256 * 1024
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


class AdvanceRequest(_Body):
    seconds: Annotated[float, Field(gt=0, le=10_000_000)]


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

    async def start(self, host: str, port: int) -> Address:
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_guard])
        app.add_routes(
            [
                web.get("/", self._about),
                web.get("/endpoints", self._show_endpoints),
                web.get("/registrations", self._registrations),
                web.get("/events", self._events),
                web.get("/tokens/mutations", self._mutations),
                web.post("/tokens", self._mint),
                web.post("/tokens/inspect", self._inspect),
                web.post("/phones/{device}/start", self._start_phone),
                web.post("/phones/{device}/stop", self._stop_phone),
                web.post("/nodes/{node}/restart", self._restart_node),
                web.post("/clock/advance", self._advance),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
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
        return _json({"ucmsim": __version__, "lab": self._lab.site.config.name, "paths": paths})

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
        """Kept records with seq > since, oldest first, at most `limit`."""
        since, limit = _number(request, "since", 0), _number(request, "limit", 1000)
        records = self._lab.site.log.records(since=since)[:limit]
        return _json([record_to_json(record) for record in records])

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
        return _json({"token": token.text, "expires_at": token.expires_at})

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

    async def _start_phone(self, request: web.Request) -> web.Response:
        return await self._phone(request, lambda phone, now: phone.start(now))

    async def _stop_phone(self, request: web.Request) -> web.Response:
        return await self._phone(request, lambda phone, now: phone.stop(now))

    async def _phone(self, request: web.Request, do: Callable[[Any, Any], None]) -> web.Response:
        device = request.match_info["device"]
        phone = self._lab.site.phones.get(device)
        if phone is None:
            raise Problem(404, f"no phone {device!r} in this lab")
        do(phone, self._lab.site.clock.now())
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

    async def _advance(self, request: web.Request) -> web.Response:
        asked = await _body(request, AdvanceRequest)
        await self._lab.advance(asked.seconds)
        return _json({"now": self._lab.site.clock.now()})


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
    except web.HTTPException as error:
        return _json({"error": error.reason}, status=error.status)


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
        raise Problem(400, f"{name}: {text!r} is not a number")
    return int(text)


def _json(data: object, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers={"Cache-Control": "no-store"})
