"""The verb `http`."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from string import Template
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode

from pydantic import Field, field_validator

from simulator.core.http.message import HttpRequest
from simulator.lab.config.model import Name, Regex
from simulator.lab.site.site import Site
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import carry_out
from simulator.lab.steps.step import MappingStep, Reference


class Http(MappingStep):
    """Send any request to a node's web server on 8443, and check what comes back.

    What an answer holds can be kept under a name, and `$name` put into the query or form of a later step: so
    a code goes to the token endpoint without standing anywhere. `$token` is a good access token of the lab's
    first user, `$password` the password of the form's `user`.
    """

    verb: ClassVar[str] = "http"
    old_verbs: ClassVar[tuple[str, ...]] = ("call",)
    checks: ClassVar[bool] = True

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

    def references(self) -> Iterable[Reference]:
        return [] if self.node is None else [Reference("node", self.node)]

    async def do(self, run: ScenarioRun) -> list[str]:
        site = run.site
        node = self.node or site.cluster.nodes[0].name
        path, _, query = self.path.partition("?")
        headers: list[tuple[str, str]] = []
        if self.as_user is not None or "user" in self.form:
            site.ucm.sign_in.load_passwords()
        if self.as_user is not None:
            known = {one.name: one.password for one in site.config.administrators}
            password = known.get(self.as_user) or site.config.password_of(self.as_user)
            headers.append(
                ("Authorization", f"Basic {b64encode(f'{self.as_user}:{password}'.encode()).decode()}")
            )
        if self.form:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        known_names = _Names(site, self.form.get("user", ""), run.kept)
        form = {name: known_names.fill(value) for name, value in self.form.items()}
        asked = parse_qsl(query, keep_blank_values=True)
        request = HttpRequest(
            method=self.method,
            path=path,
            query=tuple((name, known_names.fill(value)) for name, value in asked),
            headers=tuple(headers),
            body=urlencode(form).encode() if form else b"",
            source="127.0.0.1",
        )
        response = site.ucm.tomcats[node].handle(request, run.now)
        await carry_out(run.driver)
        await run.driver.until_idle()
        problems = []
        if response.status != self.status:
            problems.append(
                f"expected {self.method} {path} to be answered {self.status}, not {response.status}"
            )
        if self.answers is not None and not re.search(self.answers, response.body.decode("utf-8", "replace")):
            problems.append(f"expected {self.method} {path} to answer /{self.answers}/; it did not")
        location = next((value for name, value in response.headers if name == "Location"), "")
        for name, expression in self.keep.items():
            found = re.search(expression, f"{location}\n{response.body.decode('utf-8', 'replace')}")
            if found is None:
                problems.append(f"expected {self.method} {path} to answer a {name}, /{expression}/; it did not")
            else:
                run.kept[name] = unquote(found[1])
        return problems


class _Names:
    """What `$name` stands for in one request."""

    def __init__(self, site: Site, user: str, kept: Mapping[str, str]) -> None:
        """`user`: whose password `$password` is; `kept`: by name, what earlier steps kept."""
        self._site, self._user, self._kept = site, user, kept

    def fill(self, text: str) -> str:
        """Put in what the names stand for. Raises ValueError for a name that is not there."""
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
