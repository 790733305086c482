"""What `ucmsim run --artifacts DIR` leaves: a folder for each run, and over them index, JUnit XML and JSON.

A new kind of file is one line in `ARTIFACTS`; the logs are those of whoever was in the lab.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from simulator.core.events.log import record_to_json
from simulator.evidence import ladder
from simulator.evidence.explain import environment_notes, full
from simulator.evidence.logs import logs_of
from simulator.evidence.report import html
from simulator.evidence.report.archive import EVENTS_FILE
from simulator.evidence.report.json_results import JsonWriter
from simulator.evidence.report.junit import JunitWriter
from simulator.evidence.report.report import Report, Tally
from simulator.evidence.report.schema import schema


@dataclass(frozen=True, slots=True)
class Artifact:
    """A kind of file that a run leaves. `render` returns its bytes, or None where this run has no such file."""

    name: str
    title: str
    render: Callable[[Report], bytes | None]


def _ladder_text(report: Report) -> bytes:
    return _lines(line.text for line in report.ladder(width=100))


def _ladder_svg(report: Report) -> bytes:
    rows, captions = ladder.rows_of(report.records), ladder.captions_of(report.records)
    return ladder.svg(rows, title=report.title, captions=captions).encode()


def _mermaid(report: Report) -> bytes:
    return ladder.mermaid(ladder.rows_of(report.records)).encode()


def _events(report: Report) -> bytes:
    return _lines(json.dumps(record_to_json(record), ensure_ascii=False) for record in report.records)


def _explain_json(report: Report) -> bytes:
    return _json([attempt.to_json() for attempt in report.attempts()])


def _explain_text(report: Report) -> bytes:
    notes = environment_notes(report.records)
    explained = [line for attempt in report.attempts() for line in (*full(attempt, width=100), "")]
    return _lines([*notes, "", *explained] if notes else explained)


PAGE = "ladder.html"
CAPTURE_FILE = "capture.pcapng"

ARTIFACTS: tuple[Artifact, ...] = (
    Artifact("ladder.svg", "picture", _ladder_svg),
    Artifact("ladder.txt", "text", _ladder_text),
    Artifact("ladder.mmd", "Mermaid", _mermaid),
    Artifact("explain.txt", "explanation", _explain_text),
    Artifact("explain.json", "explanation, JSON", _explain_json),
    Artifact(EVENTS_FILE, "events", _events),
    Artifact(CAPTURE_FILE, "capture", lambda report: report.pcapng),
)
_OWNER_ONLY = 0o600


class ArtifactFolder:
    """Write the files of reports one by one, so that an interrupted run leaves what it had; `finish` writes the
    overview.

    Existing files of the same names are replaced. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.index = path / "index.html"
        path.mkdir(parents=True, exist_ok=True)
        self._junit, self._results = JunitWriter(path / "junit.xml"), JsonWriter(path / "results.json")
        self._rows: dict[str, list[str]] = {}
        """Group -> the rows of the overview."""
        self._tally = Tally()
        self._names: Counter[str] = Counter()

    def add(self, report: Report) -> Path:
        """Write the run's files and return its folder."""
        name = self._free_name(report)
        folder = self._path / name
        folder.mkdir(exist_ok=True)
        written: list[html.Link] = [(PAGE, "ladder")]
        for artifact in ARTIFACTS:
            data = artifact.render(report)
            if data is not None:
                _write(folder / artifact.name, data)
                written.append((artifact.name, artifact.title))
        logs = []
        for file, text in logs_of(report.records).items():
            _write(folder / file, text.encode())
            logs.append((file, file))
        page = html.run_page(report, [*written[1:], *logs, ("../index.html", "all runs")])
        _write(folder / PAGE, page.encode())
        self._rows.setdefault(report.group, []).append(html.index_row(report, name, written))
        self._tally.add(report)
        self._results.add(report)
        self._junit.add(report, [f"{name}/{file}" for file, _ in (*written, *logs)])
        return folder

    def finish(self) -> Path:
        """Write the overview: index.html (whose path is returned), junit.xml, results.json and its schema."""
        self._junit.finish()
        self._results.finish()
        (self._path / "results.schema.json").write_bytes(_json(schema()))
        overview = [("junit.xml", "JUnit"), ("results.json", "JSON"), ("results.schema.json", "its schema")]
        self.index.write_text(html.index_page(self._rows, self._tally, overview), encoding="utf-8")
        return self.index

    def _free_name(self, report: Report) -> str:
        base = re.sub(r"[^a-z0-9.\-]+", "-", f"{report.scenario}-{report.driver}-tls{report.tls}".lower())
        self._names[base] += 1
        return base if self._names[base] == 1 else f"{base}-{self._names[base]}"


def _write(path: Path, data: bytes) -> None:
    """A capture is the owner's alone: it holds TLS secrets."""
    if path.name == CAPTURE_FILE:
        path.touch(mode=_OWNER_ONLY)
    path.write_bytes(data)


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _json(data: object) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
