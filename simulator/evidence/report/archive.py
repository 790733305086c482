"""Reads runs back: what `ucmsim run --json` wrote, an artifacts folder, one run's folder, or an events file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.core.events.log import Record, record_from_json

EVENTS_FILE = "events.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run that was read back: its name and its records."""

    name: str
    records: tuple[Record, ...]


def read_runs(path: Path) -> list[StoredRun]:
    """Read the runs of a file or folder. Raises ValueError that names file, line and mistake, and OSError."""
    if path.is_dir():
        files = (
            [path / EVENTS_FILE] if (path / EVENTS_FILE).is_file() else sorted(path.glob(f"*/{EVENTS_FILE}"))
        )
        if not files:
            raise ValueError(f"{path}: neither a run's folder nor one with runs in it ({EVENTS_FILE})")
        return [StoredRun(name=file.parent.name, records=_lines(file)) for file in files]
    if path.suffix == ".jsonl":
        return [StoredRun(name=path.stem, records=_lines(path))]
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: not JSON") from None
    return runs_from_json(data, source=str(path))


def runs_from_json(data: Any, *, source: str) -> list[StoredRun]:
    """Read one run, several, or a bare list of events as the control API returns it. Raises ValueError."""
    if isinstance(data, list) and data and all(isinstance(one, dict) and "seq" in one for one in data):
        return [StoredRun(name=source, records=_records(data, source))]
    runs = data if isinstance(data, list) else [data]
    out = []
    for number, run in enumerate(runs, start=1):
        if not isinstance(run, dict) or not isinstance(run.get("events"), list):
            raise ValueError(f"{source}: run {number} has no list of events")  # noqa: TRY004 - foreign data
        name = " ".join(str(run[key]) for key in ("scenario", "driver") if key in run) or f"run {number}"
        name += f" TLS {run['tls']}" if "tls" in run else ""
        out.append(StoredRun(name=name, records=_records(run["events"], f"{source}: run {number}")))
    return out


def _lines(path: Path) -> tuple[Record, ...]:
    events: list[Any] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            events.append(json.loads(line))
        except (ValueError, RecursionError):
            raise ValueError(f"{path}:{number}: not JSON") from None
    return _records(events, str(path))


def _records(events: Iterable[Any], source: str) -> tuple[Record, ...]:
    out = []
    for number, event in enumerate(events, start=1):
        if not isinstance(event, dict):
            raise ValueError(f"{source}: event {number} is no object")  # noqa: TRY004 - foreign data
        try:
            out.append(record_from_json(event))
        except ValueError as error:
            raise ValueError(f"{source}: event {number}: {error}") from None
    return tuple(out)
