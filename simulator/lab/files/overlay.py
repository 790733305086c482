"""Changes laid over a lab: `tls=1.3`, `cluster.oauth_mode=false`, `phones=[{device: CSFALICE, known: false}]`.

Values are YAML. A mapping changes the keys it names; an item of a list changes the item of the same name, or is
added if there is none; a list of plain values replaces the earlier list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.lab.config.lab import LabConfig
from simulator.lab.files import yaml_source
from simulator.lab.files.lab_file import lab_of
from simulator.lab.files.yaml_source import Loaded, SourceError

SOURCE = "--set"
_NAMES = ("device", "id", "name")
"""The key that names an item of a list, by preference: a phone has both a device and a user."""


def overlaid(config: LabConfig, changes: Iterable[str]) -> LabConfig:
    """Return the lab with `KEY=VALUE` changes, KEY being dotted.

    Raises SourceError where a file with these changes would.
    """
    given = list(changes)
    if not given:
        return config
    data = config.model_dump()
    for change in given:
        key, equals, text = change.partition("=")
        if not equals or not all(key.split(".")):
            raise SourceError(SOURCE, None, "", f"{change!r} is not KEY=VALUE")
        value = yaml_source.read_text(text, source=f"{SOURCE} {key}").data
        for part in reversed(key.split(".")):
            value = {part: value}
        data = _laid(data, value)
    return lab_of(Loaded(SOURCE, data, {}))


def _laid(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _laid(below.get(key), value) for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list) and all(_name(item) for item in above):
        items = {_name(item): item for item in below}
        for item in above:
            items[_name(item)] = _laid(items.get(_name(item)), item)
        return list(items.values())
    return above


def _name(item: Any) -> str | None:
    """Return the name by which an item of a list is known; None if it is a plain value."""
    if not isinstance(item, dict):
        return None
    return next((str(item[key]) for key in _NAMES if key in item), None)
