"""The model of scenario.yaml: a lab, steps to take in it, and what must (and must not) be seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from simulator.core.tls.settings import TlsVersion
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.model import FileModel
from simulator.lab.steps.registry import AnyStep


class Scenario(FileModel):
    """A lab, and the steps to take in it."""

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
    outcome: Literal["registers", "refused"] = Field(description="how the scenario ends for the phone")
    tls: list[TlsVersion] = Field(
        ["1.2"], min_length=1, description="TLS versions; the scenario runs once with each"
    )
    lab: LabConfig = LabConfig()
    steps: list[AnyStep] = Field(min_length=1)

    @field_validator("tls", mode="before")
    @classmethod
    def _versions_without_quotes(cls, value: object) -> object:
        if isinstance(value, list):
            return [str(item) if isinstance(item, float) else item for item in value]
        return value

    @model_validator(mode="after")
    def _checks_something(self) -> Scenario:
        if not any(step.checks for step in self.steps):
            raise ValueError("no step expects anything, so this scenario could not fail")
        return self
