"""A scenario: a lab, steps to take in it, and what must (and must not) be seen. The model of scenario.yaml.

A step is a mapping with one key, its verb. The verbs are the fields of `Step`; `simulator.lab.steps.verbs`
does them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from simulator.core import redact
from simulator.core.tls.settings import TlsVersion
from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.expectation import Expectation
from simulator.lab.config.faults import FailurePlan, ServedFile
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.model import MAX_CLOCK_ERROR, FileModel, Name, Regex
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.config.phones import TokenConfig
from simulator.lab.files import yaml_source
from simulator.lab.files.validation import check_rules, check_step
from simulator.lab.steps.expressway_admin import ExpresswayStep
from simulator.lab.steps.http_call import HttpCall
from simulator.lab.steps.raw_client import Send


class RegenerateTomcat(FileModel):
    node: Name
    certificate: CertificateConfig = CertificateConfig()


class SetPorts(FileModel):
    node: Name
    ports: PortsConfig


class SetProfile(FileModel):
    phone: str
    profile: str


class SetToken(FileModel):
    phone: str
    token: TokenConfig


class SetBehaviours(FileModel):
    phone: str
    behaviours: list[str]


class SetClock(FileModel):
    node: Name
    ahead: float = Field(
        ge=-MAX_CLOCK_ERROR, le=MAX_CLOCK_ERROR, description="seconds; negative: behind; 0: right again"
    )


class TableRow(FileModel):
    host: str
    names: str | None = Field(None, description="X.509 names; None removes the row")


class Trust(FileModel):
    """Put authorities into a trust store: a node's Tomcat-trust or an Expressway's trusted CAs."""

    owner: Name
    authorities: list[str]


class CertificateOf(FileModel):
    """An answer that is pasted: the certificate of this authority, PEM."""

    authority: str


class AdminCommand(FileModel):
    """A command of a node's platform CLI."""

    command: str
    node: Name | None = Field(None, description="default: the publisher")
    answers: list[str | CertificateOf] = Field([], repr=False, description="to its questions, in order")
    prints: Regex | None = Field(None, description="regular expression that the output must match")
    fails: bool = False


class AxlCall(FileModel):
    """A call of a node's AXL service with an administrator's credentials."""

    operation: Annotated[str, Field(pattern=r"^[A-Za-z]{3,64}$")]
    body: str = Field("", repr=False, description="the operation's child elements, XML")
    node: Name | None = Field(None, description="default: the publisher")
    version: Annotated[str, Field(pattern=r"^[0-9]{1,2}\.[0-9]$")] = "12.5"
    status: int = Field(200, description="expected HTTP status; a fault is 500")
    answers: Regex | None = Field(None, description="regular expression that the answer must match")


class Step(FileModel):
    """One step: exactly one of these keys."""

    start: str | list[str] | None = Field(None, description="start these phones")
    stop: str | list[str] | None = Field(None, description="unregister and stop these phones")
    crash: str | None = Field(None, description="the phone disappears without a word")
    advance: Annotated[float, Field(gt=0, le=10_000_000)] | None = Field(None, description="seconds pass")
    expect: list[Expectation] | None = Field(None, description="these were seen since the last `expect`")
    never: list[Expectation] | None = Field(None, description="none of these was seen since the beginning")
    registered: dict[str, str | None] | None = Field(
        None, description="phone: node it is registered at now, or null for nowhere (both ends are asked)"
    )
    oauth_mode: bool | None = Field(None, description="utils sipOAuth-mode enable | disable")
    restart: Name | None = Field(None, description="restart Cisco CallManager on this node")
    stop_node: Name | None = Field(None, description="Cisco CallManager on this node stops")
    start_node: Name | None = Field(None, description="Cisco CallManager on this node starts again")
    regenerate_tomcat: RegenerateTomcat | None = Field(
        None, description="a new Tomcat certificate; 5090 and 5091 present it after a restart"
    )
    set_ports: SetPorts | None = Field(None, description="other ports of a node, after its restart")
    set_profile: SetProfile | None = Field(None, description="another security profile of a phone's device")
    set_token: SetToken | None = Field(None, description="the phone holds another token from now on")
    set_behaviours: SetBehaviours | None = Field(None, description="the phone misbehaves otherwise")
    table_row: TableRow | None = Field(None, description="a row of UCM's Expressway-C table; applies live")
    trust: Trust | None = Field(None, description="put authorities into a trust store")
    admin: str | AdminCommand | None = Field(None, description="a command of the platform CLI")
    axl: AxlCall | None = Field(None, description="a call of a node's AXL service")
    expressway: ExpresswayStep | None = Field(None, description="an administrator works at an Expressway")
    reset: str | None = Field(None, description="UCM tells this phone to reset (NOTIFY service-control)")
    send: Send | None = Field(None, description="a foreign client sends something to a node")
    config_file: ServedFile | None = Field(None, description="serve a phone's configuration file changed")
    call: HttpCall | None = Field(None, description="a request to a node's web server")
    hold_keys: Name | None = Field(None, description="new token keys do not reach this node's database")
    release_keys: Name | None = Field(None, description="they do again, and those it missed as well")
    fail: FailurePlan | None = Field(None, description="the next calls of an endpoint or user fail")
    set_clock: SetClock | None = Field(None, description="the node's clock jumps to so much ahead or behind")
    hang: Name | None = Field(None, description="CallManager on this node accepts connections, answers nothing")
    wake: Name | None = Field(None, description="it works again")
    overload: bool | None = Field(
        None, description="every node answers 503 with Retry-After, to AXL writes too | no longer"
    )

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        if len(self.model_fields_set) != 1:
            given = ", ".join(sorted(self.model_fields_set)) or "nothing"
            raise ValueError(f"a step is one verb with its value, here: {given}")
        return self

    @property
    def verb(self) -> str:
        return next(iter(self.model_fields_set))

    @property
    def value(self) -> Any:
        return getattr(self, self.verb)

    def __str__(self) -> str:
        """For events and ladders: a field that may hold a secret is told by its names, not its values."""
        value = self.value
        if isinstance(value, list):
            shown = ", ".join(map(_plain, value))
        elif isinstance(value, FileModel):
            shown = ", ".join(_described(value))
        elif isinstance(value, bool):
            shown = "on" if value else "off"
        elif isinstance(value, float):
            shown = f"{value:g} s"
        else:
            shown = str(value)
        return redact.text(f"{self.verb}: {shown}")


def _described(value: FileModel) -> list[str]:
    """Each field that was given something else than its default."""
    out = []
    for name, field in type(value).model_fields.items():
        part = getattr(value, name)
        if part != field.get_default(call_default_factory=True):
            out.append(f"{name} {_plain(part) if field.repr else _names_in(part)}")
    return out


def _plain(value: object) -> str:
    """A value of a step without YAML's punctuation."""
    if isinstance(value, Expectation):
        return str(value)
    if isinstance(value, FileModel):
        return " ".join(_described(value))
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return " ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _names_in(value: object) -> str:
    """Of a value that is not shown: keys, elements, or how many there are."""
    if isinstance(value, dict):
        return " ".join(value)
    if isinstance(value, list):
        return f"({len(value)})"
    elements = dict.fromkeys(re.findall(r"<([A-Za-z][A-Za-z0-9]*)", str(value)))
    return " ".join(f"<{name}>" for name in elements) or "(not shown)"


class Scenario(FileModel):
    """scenario.yaml."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]{2,60}$")]
    title: Annotated[str, Field(min_length=5, max_length=120)]
    group: Literal[
        "registration",
        "ports",
        "tls",
        "certificates",
        "configuration",
        "protocol",
        "tokens",
        "cluster",
        "mra",
        "timing",
    ]
    outcome: Literal["registers", "refused"] = Field(description="how it ends for the phone")
    tls: list[TlsVersion] = Field(["1.2"], min_length=1, description="run once with each version")
    lab: LabConfig = LabConfig()
    steps: list[Step] = Field(min_length=1)

    @field_validator("tls", mode="before")
    @classmethod
    def _versions_without_quotes(cls, value: object) -> object:
        if isinstance(value, list):
            return [str(item) if isinstance(item, float) else item for item in value]
        return value

    @model_validator(mode="after")
    def _checks_something(self) -> Scenario:
        if not any(
            step.verb in ("expect", "registered", "admin", "axl", "call", "send", "expressway")
            for step in self.steps
        ):
            raise ValueError("the steps expect nothing: this scenario could not fail")
        return self

    @classmethod
    def from_file(cls, path: Path) -> Scenario:
        """Raises yaml_source.SourceError, which names the file and the line."""
        return cls.from_loaded(yaml_source.read_file(path))

    @classmethod
    def from_loaded(cls, loaded: yaml_source.Loaded) -> Scenario:
        """Raises yaml_source.SourceError."""
        scenario = yaml_source.build(cls, loaded)
        check_references(scenario, loaded)
        check_rules(scenario.lab, loaded, ("lab",))
        for index, step in enumerate(scenario.steps):
            check_step(step, loaded, index)
        return scenario


def check_references(scenario: Scenario, loaded: yaml_source.Loaded) -> None:
    """Every phone, node and actor that a step names must be in the lab. Raises SourceError."""
    lab = scenario.lab
    phones = {phone.device for phone in lab.phones}
    nodes = {node.name for node in lab.nodes}
    expressways = {expressway.name for expressway in lab.expressways}
    expressways |= {expressway.edge.name for expressway in lab.expressways if expressway.edge}
    strangers = {step.send.client for step in scenario.steps if step.send is not None}
    known = {
        "phone": (phones, "phone"),
        "node": (nodes, "node"),
        "expressway": (expressways, "Expressway"),
        "owner": (nodes | expressways, "node or Expressway"),
        "actor": (phones | nodes | expressways | {"lab", "dns", "dns-outside"} | strangers, "actor"),
        "certified": (phones | expressways, "phone or Expressway"),
    }

    def require(kind: str, name: str, *path: str | int) -> None:
        names, word = known[kind]
        if name not in names:
            line = loaded.line_of(("steps", *path))
            listed = ", ".join(sorted(names)) or "none"
            raise yaml_source.SourceError(
                loaded.source, line, f"steps[{path[0]}]", f"no {word} {name!r} in this lab ({listed})"
            )

    for index, step in enumerate(scenario.steps):
        verb, value = step.verb, step.value
        if verb in ("start", "stop", "crash", "reset"):
            for name in [value] if isinstance(value, str) else value:
                require("phone", name, index)
        elif verb in ("restart", "stop_node", "start_node", "hold_keys", "release_keys", "hang", "wake"):
            require("node", value, index)
        elif verb in ("expect", "never"):
            for number, expectation in enumerate(value):
                if expectation.at is not None:
                    require("actor", expectation.at, index, verb, number)
        elif verb == "registered":
            for phone, node in value.items():
                require("phone", phone, index)
                if node is not None:
                    require("node", node, index)
        elif verb in ("set_profile", "set_token", "set_behaviours", "config_file"):
            require("phone", value.phone, index)
        elif verb in ("regenerate_tomcat", "set_ports", "set_clock"):
            require("node", value.node, index)
        elif verb == "expressway":
            if value.name is not None:
                require("expressway", value.name, index)
        elif verb in ("admin", "axl", "call", "fail"):
            if not isinstance(value, str) and value.node is not None:
                require("node", value.node, index)
        elif verb == "trust":
            require("owner", value.owner, index)
        elif verb == "send":
            if value.node is not None:
                require("node", value.node, index)
            if value.certificate_of is not None:
                require("certified", value.certificate_of, index)
            if value.client in phones | nodes | expressways:
                line = loaded.line_of(("steps", index))
                problem = f"the lab has a {value.client!r} already: a foreign client needs another name"
                raise yaml_source.SourceError(loaded.source, line, f"steps[{index}]", problem)
