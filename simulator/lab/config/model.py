"""What the models of lab and scenario files are made of: the base model and the types of their fields."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from simulator.core.tls.settings import TlsVersion

MAX_CLOCK_ERROR = 10 * 366 * 86_400
"""Seconds that a node's clock may be wrong."""

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._\-]+$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Version = Annotated[
    TlsVersion, BeforeValidator(lambda value: str(value) if isinstance(value, float) else value)
]
"""Written with or without quotes."""


class FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _regular(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text} is not a regular expression: {error}") from None
    return text


Regex = Annotated[str, AfterValidator(_regular)]
San = Annotated[str, Field(pattern=r"^((DNS|IP|URI):\S+|[^\s:]+)$", max_length=255)]
