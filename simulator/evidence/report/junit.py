"""JUnit XML as CI systems read it: a suite for each group, a case for each run."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from simulator.evidence.explain import brief, environment_notes, failures
from simulator.evidence.report.report import Report, Tally


class JunitWriter:
    """Write JUnit XML run by run: each case goes to disk as it comes, so that memory does not grow with runs.

    A failure carries expected against actual, the explanation and the ladder's end; every case its ladder and,
    in the form that Jenkins and GitLab take up (`[[ATTACHMENT|path]]`), its files. A run that proves nothing
    (see `Report.environment`) is an error, not a failure. Raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._cases: dict[str, IO[bytes]] = {}
        """Group -> its cases, in a file without a name: a suite begins with the counts of all of them."""
        self._tallies: dict[str, Tally] = {}
        self._total = Tally()

    def add(self, report: Report, attachments: Sequence[str] = ()) -> None:
        group = report.group
        if group not in self._cases:
            self._cases[group], self._tallies[group] = TemporaryFile(), Tally()  # noqa: SIM115 - closed by finish
        case = _case(report, attachments)
        ElementTree.indent(case, level=2)
        self._cases[group].write(b"    " + ElementTree.tostring(case, encoding="utf-8") + b"\n")
        self._tallies[group].add(report)
        self._total.add(report)

    def finish(self) -> None:
        """Write the suites around their cases, and close the file."""
        with self._file as file:
            file.write(b"<?xml version='1.0' encoding='utf-8'?>\n")
            file.write(_start("testsuites", "ucmsim", self._total))
            for group, cases in self._cases.items():
                file.write(b"  " + _start("testsuite", f"ucmsim.{group}", self._tallies[group]))
                with cases:
                    cases.seek(0)
                    shutil.copyfileobj(cases, file)
                file.write(b"  </testsuite>\n")
            file.write(b"</testsuites>\n")


def _start(tag: str, name: str, tally: Tally) -> bytes:
    counts = {
        "name": name,
        "tests": str(tally.runs),
        "failures": str(tally.failed),
        "errors": str(tally.environment),
        "skipped": "0",
        "time": f"{tally.seconds:.3f}",
    }
    attributes = " ".join(f"{key}={quoteattr(value)}" for key, value in counts.items())
    return f"<{tag} {attributes}>\n".encode()


def _case(report: Report, files: Sequence[str]) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=f"ucmsim.{report.group}", name=report.name, time=f"{report.seconds:.3f}"
    )
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (("title", report.title), ("seed", report.seed), ("tls", report.tls)):
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    if report.failures:
        notes = environment_notes(report.records)
        explained = [line for attempt in failures(report.attempts()) for line in brief(attempt)]
        end = [line.text for line in report.ladder_end()]
        text = "\n".join((*report.failures, "", *notes, *explained, "", *end))
        tag, kind = ("error", "environment") if report.environment else ("failure", "not as expected")
        failure = ElementTree.SubElement(case, tag, message=_xml_text(report.failures[0]), type=kind)
        failure.text = _xml_text(text)
    lines = [line.text for line in report.ladder()]
    out = ElementTree.SubElement(case, "system-out")
    out.text = _xml_text("\n".join((*lines, *(f"[[ATTACHMENT|{file}]]" for file in files))))
    return case


def _xml_text(text: str) -> str:
    """Replace the characters XML 1.0 has no way to write."""
    return "".join(
        c if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff" else "�"
        for c in text
    )
