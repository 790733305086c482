"""The results of runs as one JSON array, written run by run."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from simulator.evidence.report.report import Report


class JsonWriter:
    """Write each run as it comes, so that memory does not grow with runs. Raises OSError."""

    def __init__(self, path: Path, *, ascii_only: bool = False) -> None:
        """`ascii_only`: escape every other character."""
        self._file = path.open("w", encoding="utf-8")
        self._ascii_only = ascii_only
        self._begun = False

    def add(self, report: Report) -> None:
        text = json.dumps(report.to_json(), indent=1, ensure_ascii=self._ascii_only)
        self._file.write(("," if self._begun else "[") + "\n" + textwrap.indent(text, " "))
        self._begun = True

    def finish(self) -> None:
        """Close the array and the file."""
        with self._file as file:
            file.write("\n]\n" if self._begun else "[]\n")
