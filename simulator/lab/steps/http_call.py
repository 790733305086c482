"""The step `call`: any client's request to a node's web server on 8443, and what must come back.

What an answer holds can be kept under a name, and `$name` put into the query or form of a later call: so a code
goes to the token endpoint without standing anywhere. `$token` is a good access token of the lab's first user,
`$password` the password of the form's `user`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from string import Template
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlencode

from pydantic import Field, field_validator

from simulator.core.http.message import HttpRequest
from simulator.lab.config.model import FileModel, Name, Regex
from simulator.lab.steps.driver import ScenarioDriver
from simulator.lab.steps.service_actions import carry_out


class HttpCall(FileModel):
    path: str = Field(description="with its query, where `$name` stands for what was kept")
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")] = "GET"
    node: Name | None = Field(None, description="default: the publisher")
    as_user: str | None = Field(None, description="Basic credentials of this user, or of an administrator")
    form: dict[str, str] = Field({}, repr=False, description="body of a POST, with `$name` as well")
    status: int = Field(200, description="expected")
    answers: Regex | None = Field(None, description="regular expression that the body must match")
    keep: dict[Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,30}$")], Regex] = Field(
        {}, description="name: regular expression; its group in Location or body is kept under the name"
    )

    @field_validator("keep")
    @classmethod
    def _one_group(cls, keep: dict[str, str]) -> dict[str, str]:
        for name, expression in keep.items():
            groups = re.compile(expression).groups
            if groups != 1:
                raise ValueError(f"{name}: what is to be kept is its one (group), not {groups} of them")
        return keep


async def call(stage: ScenarioDriver, step: HttpCall, kept: dict[str, str]) -> list[str]:
    """One sentence for each thing unexpected; answers are not repeated, as they may hold tokens.

    `kept`: by name, what earlier calls kept; what this one keeps is added. Raises ValueError for a name that is
    not there.
    """
    site = stage.site
    node = step.node or site.cluster.nodes[0].name
    path, _, query = step.path.partition("?")
    headers: list[tuple[str, str]] = []
    if step.as_user is not None or "user" in step.form:
        site.ucm.open_doors()
    if step.as_user is not None:
        known = {one.name: one.password for one in site.config.administrators}
        password = known.get(step.as_user) or site.config.password_of(step.as_user)
        headers.append(("Authorization", f"Basic {b64encode(f'{step.as_user}:{password}'.encode()).decode()}"))
    if step.form:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    known_names = _Names(stage, step, kept)
    form = {name: known_names.fill(value) for name, value in step.form.items()}
    asked = parse_qsl(query, keep_blank_values=True)
    request = HttpRequest(
        method=step.method,
        path=path,
        query=tuple((name, known_names.fill(value)) for name, value in asked),
        headers=tuple(headers),
        body=urlencode(form).encode() if form else b"",
        source="127.0.0.1",
    )
    response = site.ucm.doors[node].handle(request, site.clock.now())
    await carry_out(stage)
    await stage.until_idle()
    problems = []
    if response.status != step.status:
        problems.append(f"expected {step.method} {path} to be answered {step.status}, not {response.status}")
    if step.answers is not None and not re.search(step.answers, response.body.decode("utf-8", "replace")):
        problems.append(f"expected {step.method} {path} to answer /{step.answers}/; it did not")
    location = next((value for name, value in response.headers if name == "Location"), "")
    for name, expression in step.keep.items():
        found = re.search(expression, f"{location}\n{response.body.decode('utf-8', 'replace')}")
        if found is None:
            problems.append(f"expected {step.method} {path} to answer a {name}, /{expression}/; it did not")
        else:
            kept[name] = unquote(found[1])
    return problems


class _Names:
    """What `$name` stands for in this call."""

    def __init__(self, stage: ScenarioDriver, step: HttpCall, kept: dict[str, str]) -> None:
        self._site, self._user, self._kept = stage.site, step.form.get("user", ""), kept

    def fill(self, text: str) -> str:
        template = Template(text)
        try:
            return template.substitute({name: self[name] for name in template.get_identifiers()})
        except KeyError as error:
            known = ", ".join(f"${name}" for name in ("token", "password", *self._kept))
            raise ValueError(f"no ${error.args[0]} was kept; there are {known}") from None

    def __getitem__(self, name: str) -> str:
        if name == "password":
            return self._site.config.password_of(self._user)
        if name == "token" and name not in self._kept:
            user = next(iter(self._site.cluster.directory.users)).id
            return self._site.mint.token(user, self._site.clock.now()).text
        return self._kept[name]
