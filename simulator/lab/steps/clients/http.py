"""The verb `http`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Template
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode

from pydantic import Field, field_validator

from simulator.lab.config.model import Name, Regex
from simulator.lab.site.site import Site
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference
from simulator.lab.steps.web_request import FAILS, ClientName, ask, basic, misses


class Http(MappingStep):
    """Send any request to a node's web server on 8443, and check what comes back.

    What an answer holds can be kept under a name, and `$name` put into the query or form of a later step: so
    a code goes to the token endpoint without standing anywhere. `$token` is a good access token of the lab's
    first user, `$password` the password of the form's `user`.
    """

    verb: ClassVar[str] = "http"
    old_verbs: ClassVar[tuple[str, ...]] = ("call",)
    checks: ClassVar[bool] = True

    path: str = Field(description="path and query; `$name` stands for a kept value")
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")] = "GET"
    node: Name | None = Field(None, description="default: the publisher")
    as_user: str | None = Field(None, description="Basic credentials of this user, or of an administrator")
    form: dict[str, str] = Field({}, repr=False, description="body of a POST; `$name` may be used here too")
    client: ClientName = Field("client", description="name of the client, for `at` of expectations")
    status: int = Field(200, description="expected status")
    fails: Regex | None = Field(None, description=FAILS)
    answers: Regex | None = Field(None, description="regular expression that the body must match")
    keep: dict[Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,30}$")], Regex] = Field(
        {}, description="name: regular expression, whose group in Location or body is kept under this name"
    )

    @field_validator("keep")
    @classmethod
    def _one_group(cls, keep: dict[str, str]) -> dict[str, str]:
        for name, expression in keep.items():
            groups = re.compile(expression).groups
            if groups != 1:
                raise ValueError(
                    f"{name}: the value to keep must be the one (group) of the expression, which has {groups}"
                )
        return keep

    def references(self) -> Iterable[Reference]:
        return [] if self.node is None else [Reference("node", self.node)]

    def clients(self) -> Iterable[str]:
        return [self.client]

    async def do(self, run: ScenarioRun) -> list[str]:
        """An answer is not repeated in what is returned, as it may hold tokens."""
        path, _, query = self.path.partition("?")
        if self.as_user is not None or "user" in self.form:
            run.site.ucm.sign_in.load_passwords()
        headers = []
        if self.as_user is not None:
            headers.append(basic(self.as_user, _password_of(run.site, self.as_user)))
        if self.form:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        names = _Names(run.site, self.form.get("user", ""), run.kept)
        form = {name: names.fill(value) for name, value in self.form.items()}
        asked = [(name, names.fill(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        answer = await ask(
            run.driver,
            self.node,
            client=self.client,
            method=self.method,
            target=f"{path}?{urlencode(asked)}" if asked else path,
            headers=tuple(headers),
            body=urlencode(form).encode() if form else b"",
        )
        what = f"{self.method} {path}"
        text = answer.body.decode("utf-8", "replace")
        problems = misses(what, answer, status=self.status, fails=self.fails)
        if self.answers is not None and not re.search(self.answers, text):
            problems.append(f"expected {what} to answer /{self.answers}/; it did not")
        location = next((value for name, value in answer.headers if name.lower() == "location"), "")
        for name, expression in self.keep.items():
            found = re.search(expression, f"{location}\n{text}")
            if found is None:
                problems.append(f"expected {what} to answer a {name}, /{expression}/; it did not")
            else:
                run.kept[name] = unquote(found[1])
        return problems


def _password_of(site: Site, name: str) -> str:
    """Return the password of an administrator or a user."""
    known = {one.name: one.password for one in site.config.administrators}
    return known.get(name) or site.config.password_of(name)


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
            raise ValueError(f"no value ${error.args[0]} was kept; known are {known}") from None

    def __getitem__(self, name: str) -> str:
        if name == "password":
            return self._site.config.password_of(self._user)
        if name == "token" and name not in self._kept:
            user = next(iter(self._site.cluster.directory.users)).id
            return self._site.mint.token(user, self._site.clock.now()).text
        return self._kept[name]
