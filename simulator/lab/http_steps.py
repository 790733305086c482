"""The step `call`: any client's request to a node's web server on 8443, and what must come back."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import Field

from simulator.core.http import HttpRequest
from simulator.lab.config import Name, Regex, Strict
from simulator.lab.orders import carry_out
from simulator.lab.stage import Stage


class HttpCall(Strict):
    path: str = Field(description="with its query")
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")] = "GET"
    node: Name | None = Field(None, description="default: the publisher")
    as_user: str | None = Field(None, description="Basic credentials of this user, or of an administrator")
    form: dict[str, str] = Field({}, repr=False, description="body of a POST")
    status: int = Field(200, description="expected")
    answers: Regex | None = Field(None, description="regular expression that the body must match")


async def call(stage: Stage, step: HttpCall) -> list[str]:
    """One sentence for each thing unexpected; answers are not repeated, as they may hold tokens."""
    site = stage.site
    node = step.node or site.cluster.nodes[0].name
    path, _, query = step.path.partition("?")
    headers: list[tuple[str, str]] = []
    if step.as_user is not None:
        known = {one.name: one.password for one in site.config.administrators}
        password = known.get(step.as_user) or site.config.password_of(step.as_user)
        headers.append(("Authorization", f"Basic {b64encode(f'{step.as_user}:{password}'.encode()).decode()}"))
    if step.form:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    request = HttpRequest(
        method=step.method,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=tuple(headers),
        body=urlencode(step.form).encode() if step.form else b"",
        source="127.0.0.1",
    )
    response = site.office.doors[node].handle(request, site.clock.now())
    await carry_out(stage)
    await stage.settle()
    problems = []
    if response.status != step.status:
        problems.append(f"expected {step.method} {path} to be answered {step.status}, not {response.status}")
    if step.answers is not None and not re.search(step.answers, response.body.decode("utf-8", "replace")):
        problems.append(f"expected {step.method} {path} to answer /{step.answers}/; it did not")
    return problems
