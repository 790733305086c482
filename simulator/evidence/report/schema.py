"""The JSON Schema of `ucmsim run --json` and of `results.json`, generated from the events' own definitions."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from simulator.core.events import EVENTS
from simulator.evidence.explain.model import What

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_MAYBE_WHOLE: dict[str, Any] = {"type": ["integer", "null"]}


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a list of runs. A newer version may add fields, so none is
    forbidden.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ucmsim results",
        "type": "array",
        "items": {"$ref": "#/$defs/run"},
        "$defs": {
            "run": _object(
                scenario=_TEXT,
                title=_TEXT,
                group=_TEXT,
                driver={"enum": ["lab", "world"]},
                tls={"enum": ["1.2", "1.3"]},
                seed=_WHOLE,
                repetition=_WHOLE,
                passed={"type": "boolean"},
                environment={"type": "boolean"},
                failures=_list(_TEXT),
                seconds=_NUMBER,
                attempts=_list({"$ref": "#/$defs/attempt"}),
                events=_list({"$ref": "#/$defs/event"}),
            ),
            "attempt": _object(
                number=_WHOLE,
                at=_NUMBER,
                client=_TEXT,
                device=_MAYBE_TEXT,
                target=_TEXT,
                port=_TEXT,
                what={"enum": [*get_args(What)]},
                passed={"type": "boolean"},
                outcome=_TEXT,
                call_id=_TEXT,
                events={**_list(_WHOLE), "minItems": 2, "maxItems": 2},
                first_failure=_MAYBE_TEXT,
                checks=_list(
                    _object(
                        check=_TEXT,
                        title=_TEXT,
                        state={"enum": ["pass", "fail", "not_reached", "unseen"]},
                        leg=_TEXT,
                        evidence=_TEXT,
                    )
                ),
                advice=_list(
                    _object(
                        cause=_TEXT,
                        remedy=_TEXT,
                        verify=_TEXT,
                        mark={"enum": ["documented", "observed", "assumed"]},
                        source=_TEXT,
                    )
                ),
            ),
            "event": {"oneOf": [_event(kind) for kind in sorted(EVENTS)]},
        },
    }


def _event(kind: str) -> dict[str, Any]:
    """One kind: the record's fields and the event's."""
    of_event = TypeAdapter(EVENTS[kind]).json_schema(mode="serialization")
    fields = {name: _plain(field) for name, field in of_event.get("properties", {}).items()}
    record = {"seq": _WHOLE, "at": _NUMBER, "actor": _TEXT, "flow": _MAYBE_WHOLE, "caused_by": _MAYBE_WHOLE}
    return _object(**record, kind={"const": kind}, **fields)


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in ("title", "default")}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
