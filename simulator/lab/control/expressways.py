"""The Expressways' part of the control API: pages under /expressways/{name}, where `-` is the first one.

`GET blocked` lists the addresses that too many expired tokens have blocked, `DELETE blocked/{address}` lifts a
block.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from simulator.lab.run.live import Lab
from simulator.lab.steps.expressway_admin import Discover, ExpresswayAdmin


class _Switch(BaseModel):
    model_config = ConfigDict(extra="forbid")
    on: bool


class _Certificate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pem: Annotated[str, Field(max_length=65536)]


class ExpresswayPages:
    def __init__(self, lab: Lab, answer: Callable[[object], web.Response]) -> None:
        """`answer` makes JSON; a ValueError or LookupError becomes the API's own problem."""
        self._lab, self._answer = lab, answer

    def routes(self) -> list[web.RouteDef]:
        at = "/expressways/{name}"
        return [
            web.get(f"{at}/zones", self._zones),
            web.get(f"{at}/servers", self._servers),
            web.get(f"{at}/trusted-cas", self._trusted),
            web.get(f"{at}/log", self._log),
            web.get(f"{at}/blocked", self._blocked),
            web.delete(f"{at}/blocked/{{source}}", self._unblock),
            web.post(f"{at}/discover", self._discover),
            web.post(f"{at}/refresh", self._refresh),
            web.post(f"{at}/trusted-cas", self._trust),
            web.post(f"{at}/authorize-by-token", self._authorize),
        ]

    def _admin(self, request: web.Request) -> ExpresswayAdmin:
        name = request.match_info["name"]
        try:
            return ExpresswayAdmin(self._lab.site, None if name == "-" else name)
        except LookupError as error:
            raise web.HTTPNotFound(reason=str(error)) from None

    async def _zones(self, request: web.Request) -> web.Response:
        return self._answer(self._admin(request).zones())

    async def _servers(self, request: web.Request) -> web.Response:
        return self._answer(self._admin(request).servers())

    async def _trusted(self, request: web.Request) -> web.Response:
        return self._answer(self._admin(request).trusted_cas())

    async def _log(self, request: web.Request) -> web.Response:
        return self._answer({"lines": self._admin(request).event_log()})

    async def _blocked(self, request: web.Request) -> web.Response:
        return self._answer(self._admin(request).blocked())

    async def _unblock(self, request: web.Request) -> web.Response:
        source = request.match_info["source"]
        try:
            self._admin(request).unblock(source)
        except LookupError as error:
            raise web.HTTPNotFound(reason=str(error)) from None
        return self._answer({"succeeded": True, "text": f"{source} is no longer blocked"})

    async def _discover(self, request: web.Request) -> web.Response:
        admin = self._admin(request)
        asked = Discover.model_validate(await _json(request))
        return self._done(await admin.ask_servers(self._lab, asked), admin)

    async def _refresh(self, request: web.Request) -> web.Response:
        admin = self._admin(request)
        try:
            failure = await admin.ask_servers(self._lab, None)
        except LookupError as error:
            failure = str(error)
        return self._done(failure, admin)

    def _done(self, failure: str | None, admin: ExpresswayAdmin) -> web.Response:
        names = ", ".join(str(row["zone"]) for row in admin.zones())
        text = failure or f"Success. Zones: {names or 'none'}"
        return self._answer({"succeeded": failure is None, "text": text})

    async def _trust(self, request: web.Request) -> web.Response:
        admin = self._admin(request)
        asked = _Certificate.model_validate(await _json(request))
        self._lab.site.expressways.trust_certificate(admin.name, asked.pem.encode())
        return self._answer({"succeeded": True, "text": f"{len(admin.trusted_cas())} trusted CAs"})

    async def _authorize(self, request: web.Request) -> web.Response:
        admin = self._admin(request)
        on = _Switch.model_validate(await _json(request)).on
        admin.actor.set_authorize_by_token(on)
        self._lab.run(admin.actor)
        more = ": refresh the servers" if on else ": the CEOAuth zones are gone"
        return self._answer({"succeeded": True, "text": f"{'On' if on else 'Off'}{more}"})


async def _json(request: web.Request) -> object:
    data = await request.read()
    return json.loads(data) if data else {}
