"""Faults that steps and the control API can ask for: failing calls, configuration files served changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from simulator.lab.config.model import FileModel, Name


class FailurePlan(FileModel):
    """Make the next `times` calls fail that match the node, path, method and user."""

    path: str = Field("*", description="a path, or a pattern with * and ?: /ssosp/oauth/token, /axl/*")
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")] | None = None
    user: str | None = Field(
        None, description="the user whom the call names, or whose token or code it carries"
    )
    node: Name | None = Field(None, description="default: every node")
    times: int = Field(1, ge=1, le=1_000_000)
    status: int | None = Field(
        None, ge=400, le=599, description="HTTP status of the answer; the request does not reach the service"
    )
    oauth_error: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] | None = Field(
        None,
        description="an RFC 6749 error as JSON, with `status` or 400; the request does not reach the service",
    )
    delay: float = Field(0.0, ge=0, le=600, description="seconds until the answer is sent")
    reset: bool = Field(
        False, description="the service does what it is asked to do, then the connection is reset"
    )
    half_body: bool = Field(False, description="half of the answer's body is sent, then the connection ends")
    invalid_json: bool = Field(False, description="the answer's body is broken JSON")

    @model_validator(mode="after")
    def _does_something(self) -> FailurePlan:
        if not (
            self.status or self.oauth_error or self.delay or self.reset or self.half_body or self.invalid_json
        ):
            raise ValueError(
                "a failure plan names one of status, oauth_error, delay, reset, half_body, invalid_json"
            )
        return self

    @property
    def kind(self) -> str:
        parts = [f"{self.status}" if self.status else "", self.oauth_error or ""]
        parts += [f"delay {self.delay:g} s" if self.delay else ""]
        parts += [
            name.replace("_", " ") for name in ("reset", "half_body", "invalid_json") if getattr(self, name)
        ]
        return ", ".join(part for part in parts if part)


class ServedFile(FileModel):
    """Change one phone's file before it is served; with only `phone`, serve the original file again."""

    phone: str
    status: int = Field(200, ge=100, le=599, description="HTTP status of the answer")
    elements: dict[str, str | None] = Field(
        {}, description="new text for every element of these names; null removes them"
    )
    rename: dict[str, str] = Field({}, description="new names for these elements")
    body: str | None = Field(None, description="replaces the whole file")
    cut: int | None = Field(None, ge=0, description="only this many bytes are sent")
