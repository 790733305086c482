"""What every page of the control API has in common: reading a request, answering with JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from simulator.aio.http_server import BAD_REQUEST, speaks_http1

FRESH = {"Cache-Control": "no-store"}
M = TypeVar("M", bound=BaseModel)


class Problem(Exception):
    """Why a request is refused; it becomes a JSON answer with this status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer every problem with JSON, and refuse Host names that are no address and not localhost."""
    try:
        if not speaks_http1(request):
            raise Problem(505, "only HTTP/1.1 is spoken here")
        if not _is_literal(request.host):
            raise Problem(403, "the Host must be an IP address or localhost")
        return await handler(request)
    except Problem as problem:
        return json_of({"error": str(problem)}, status=problem.status)
    except ValueError as error:
        return json_of({"error": str(error)}, status=400)
    except BAD_REQUEST:
        return json_of({"error": "the request's body cannot be read"}, status=400)
    except web.HTTPException as error:
        return json_of({"error": error.reason}, status=error.status)


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


async def body_of(request: web.Request, model: type[M]) -> M:
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


def number_of(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise Problem(400, f"{name}: {text[:40]!r} is not a number")
    return int(text)


def json_of(data: object, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, headers=FRESH)
