"""The outcome of scenario runs: as a value, as JSON and as JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from simulator.core.eventlog import Record, record_to_json
from simulator.core.tls.settings import TlsVersion
from simulator.lab import ladder

DriverName = Literal["lab", "world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    scenario: str
    title: str
    group: str
    driver: DriverName
    tls: TlsVersion
    seed: int
    failures: tuple[str, ...]
    """Expected against actual, one sentence each; empty: as expected."""
    records: tuple[Record, ...]
    seconds: float
    """Real time it took."""

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def name(self) -> str:
        return f"{self.scenario} [{self.driver}, TLS {self.tls}]"

    def ladder(self, *, width: int = 80) -> list[ladder.Line]:
        return ladder.draw(ladder.rows_of(self.records), width=width)

    def to_json(self) -> dict[str, object]:
        return {
            "scenario": self.scenario,
            "title": self.title,
            "group": self.group,
            "driver": self.driver,
            "tls": self.tls,
            "seed": self.seed,
            "passed": self.passed,
            "failures": list(self.failures),
            "seconds": round(self.seconds, 4),
            "events": [record_to_json(record) for record in self.records],
        }


LADDER_TAIL = 25
"""Lines of ladder shown with a failure."""


def junit(reports: Sequence[Report]) -> bytes:
    """JUnit XML as CI systems read it: a suite, a case for each run, failures with the ladder's tail."""
    suite = ElementTree.Element(
        "testsuite",
        name="ucmsim",
        tests=str(len(reports)),
        failures=str(sum(not report.passed for report in reports)),
        errors="0",
        skipped="0",
        time=f"{sum(report.seconds for report in reports):.3f}",
    )
    for report in reports:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"ucmsim.{report.group}",
            name=report.name,
            time=f"{report.seconds:.3f}",
        )
        if report.failures:
            failure = ElementTree.SubElement(case, "failure", message=_xml_text(report.failures[0]))
            tail = [line.text for line in report.ladder()[-LADDER_TAIL:]]
            failure.text = _xml_text("\n".join((*report.failures, "", *tail)))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _xml_text(text: str) -> str:
    """Without the characters XML 1.0 has no way to write."""
    return "".join(
        c if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff" else "�"
        for c in text
    )
