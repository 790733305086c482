"""The pages of the control API that change something: tokens, phones, nodes, failures, time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from registrar.core.tokens import TokenPolicy, TokenValidator, inspect_token
from simulator.core.sip import IllegalInput
from simulator.lab.config.faults import FailurePlan
from simulator.lab.config.phones import TokenConfig
from simulator.lab.control.answers import Problem, body_of, json_of, number_of
from simulator.lab.run.live import Lab
from simulator.lab.steps.service_actions import end_service, start_service


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
    """Change the phone before it starts; what is left out stays as it is."""

    behaviours: Annotated[list[str], Field(max_length=50)] | None = None
    token: TokenConfig | None = None


class AdvanceRequest(_Body):
    seconds: Annotated[float, Field(gt=0, le=10_000_000)]


class AdminRequest(_Body):
    command: Annotated[str, Field(min_length=1, max_length=16384)]
    node: str | None = None
    answers: list[Annotated[str, Field(max_length=65536)]] = []


class ActingPages:
    def __init__(self, lab: Lab, endpoints: Callable[[], Mapping[str, object]]) -> None:
        self._lab, self._endpoints = lab, endpoints

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/tokens", self._mint),
            web.post("/tokens/inspect", self._inspect),
            web.post("/phones/{device}/start", self._start_phone),
            web.post("/phones/{device}/stop", self._stop_phone),
            web.post("/nodes/{node}/restart", self._restart_node),
            web.post("/admin", self._admin),
            web.get("/journal", self._journal),
            web.get("/failures", self._failures),
            web.post("/failures", self._plan_failure),
            web.delete("/failures", self._forget_failures),
            web.post("/clock/advance", self._advance),
            web.post("/reset", self._reset),
        ]

    async def _mint(self, request: web.Request) -> web.Response:
        asked = await body_of(request, MintRequest)
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
        return json_of(answer)

    async def _inspect(self, request: web.Request) -> web.Response:
        asked = await body_of(request, InspectRequest)
        site = self._lab.site
        keys = site.cluster.keys.public
        validator = TokenValidator(
            keys, TokenPolicy(issuer=keys.cluster_id), site.cluster.directory.subject_status
        )
        inspection = inspect_token(asked.token, keys, site.clock.now(), validator)
        return json_of(inspection.as_json())

    async def _start_phone(self, request: web.Request) -> web.Response:
        device, site = request.match_info["device"], self._lab.site
        asked = await body_of(request, StartRequest) if request.can_read_body else StartRequest()
        if device in site.phones.actors:
            if asked.behaviours is not None:
                site.phones.set_behaviours(device, asked.behaviours)
            if asked.token is not None:
                site.phones.set_token(device, asked.token)
        return await self._phone(request, lambda phone, now: phone.start(now))

    async def _stop_phone(self, request: web.Request) -> web.Response:
        return await self._phone(request, lambda phone, now: phone.stop(now))

    async def _phone(self, request: web.Request, do: Callable[[Any, Any], None]) -> web.Response:
        device = request.match_info["device"]
        phone = self._lab.site.phones.actors.get(device)
        if phone is None:
            raise Problem(404, f"no phone {device!r} in this lab")
        try:
            do(phone, self._lab.site.clock.now())
        except IllegalInput:
            raise Problem(409, f"{device} is {phone.state.value} already") from None
        self._lab.run(phone)
        await self._lab.until_idle()
        return json_of({"device": device, "state": phone.state.value, "registered_at": phone.registered_at})

    async def _restart_node(self, request: web.Request) -> web.Response:
        name = request.match_info["node"]
        if name not in self._lab.site.ucm.call_managers:
            raise Problem(404, f"no node {name!r} in this lab")
        await end_service(self._lab, name)
        await start_service(self._lab, name)
        return json_of(dict(self._endpoints()))

    async def _admin(self, request: web.Request) -> web.Response:
        """Run a command of the platform CLI to its end; `answers` are given to its questions, in order."""
        asked = await body_of(request, AdminRequest)
        site = self._lab.site
        node = asked.node or site.cluster.nodes[0].name
        if node not in site.ucm.clis:
            raise Problem(404, f"no node {node!r} in this lab")
        result = await self._lab.run_command(node, asked.command, asked.answers)
        return json_of({"node": node, "text": result.text, "succeeded": result.succeeded})

    async def _journal(self, request: web.Request) -> web.Response:
        """Return calls of web servers and configuration files: those kept after `since`, and counts of all."""
        since, limit = number_of(request, "since", 0), number_of(request, "limit", 1000)
        failures = self._lab.site.faults.plans
        return json_of({"calls": failures.calls(since=since)[:limit], "counts": failures.counts()})

    async def _failures(self, request: web.Request) -> web.Response:
        return json_of(self._lab.site.faults.plans.pending())

    async def _plan_failure(self, request: web.Request) -> web.Response:
        failures = self._lab.site.faults.plans
        failures.plan(await body_of(request, FailurePlan))
        return json_of(failures.pending())

    async def _forget_failures(self, request: web.Request) -> web.Response:
        self._lab.site.faults.plans.clear()
        return json_of([])

    async def _advance(self, request: web.Request) -> web.Response:
        asked = await body_of(request, AdvanceRequest)
        await self._lab.advance(asked.seconds)
        return json_of({"now": self._lab.site.clock.now()})

    async def _reset(self, request: web.Request) -> web.Response:
        """Start the lab over, events included: the next record has seq 1."""
        await self._lab.reset()
        return json_of(dict(self._endpoints()))
