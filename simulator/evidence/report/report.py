"""The outcome of scenario runs: as a value, as JSON and as JUnit XML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.etree import ElementTree

from simulator.core.events.log import Record, record_to_json
from simulator.core.tls.settings import TlsVersion
from simulator.evidence import ladder
from simulator.evidence.explain import Attempt, brief, explain, failures
from simulator.evidence.ladder import Line

DriverName = Literal["lab", "world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of one run of a scenario."""

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
    repetition: int = 1
    """Which one, of a run that was repeated."""
    pcapng: bytes | None = field(default=None, repr=False)
    """What passed, with its TLS secrets, if a capture was asked for."""

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def name(self) -> str:
        again = f", run {self.repetition}" if self.repetition > 1 else ""
        return f"{self.scenario} [{self.driver}, TLS {self.tls}{again}]"

    def ladder(self, *, width: int = 80) -> list[Line]:
        rows, captions = ladder.rows_of(self.records), ladder.captions_of(self.records)
        return ladder.draw(rows, width=width, captions=captions)

    def ladder_end(self, *, width: int = 80) -> list[Line]:
        """Return what is shown with a failure: the last lines, under the lanes' names."""
        lines = self.ladder(width=width)
        return [line for line in lines[:-_LADDER_TAIL] if line.head] + lines[-_LADDER_TAIL:]

    def attempts(self) -> tuple[Attempt, ...]:
        """Explain every attempt of the run."""
        return explain(self.records)

    def to_json(self) -> dict[str, object]:
        return {
            "scenario": self.scenario,
            "title": self.title,
            "group": self.group,
            "driver": self.driver,
            "tls": self.tls,
            "seed": self.seed,
            "repetition": self.repetition,
            "passed": self.passed,
            "failures": list(self.failures),
            "seconds": round(self.seconds, 4),
            "attempts": [attempt.to_json() for attempt in self.attempts()],
            "events": [record_to_json(record) for record in self.records],
        }


_LADDER_TAIL = 25


def junit(
    reports: Sequence[Report], *, attachments: Callable[[Report], Sequence[str]] = lambda report: ()
) -> bytes:
    """JUnit XML as CI systems read it: a suite for each group, a case for each run.

    A failure carries expected against actual, the explanation and the ladder's end; every case its ladder and,
    in the form that Jenkins and GitLab take up (`[[ATTACHMENT|path]]`), its files.
    """
    root = ElementTree.Element("testsuites", {"name": "ucmsim", **_counts(reports)})
    for group in dict.fromkeys(report.group for report in reports):
        of_group = [report for report in reports if report.group == group]
        suite = ElementTree.SubElement(root, "testsuite", {"name": f"ucmsim.{group}", **_counts(of_group)})
        for report in of_group:
            suite.append(_case(report, attachments(report)))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _counts(reports: Sequence[Report]) -> dict[str, str]:
    return {
        "tests": str(len(reports)),
        "failures": str(sum(not report.passed for report in reports)),
        "errors": "0",
        "skipped": "0",
        "time": f"{sum(report.seconds for report in reports):.3f}",
    }


def _case(report: Report, files: Sequence[str]) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=f"ucmsim.{report.group}", name=report.name, time=f"{report.seconds:.3f}"
    )
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (("title", report.title), ("seed", report.seed), ("tls", report.tls)):
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    if report.failures:
        explained = [line for attempt in failures(report.attempts()) for line in brief(attempt)]
        end = [line.text for line in report.ladder_end()]
        text = "\n".join((*report.failures, "", *explained, "", *end))
        failure = ElementTree.SubElement(
            case, "failure", message=_xml_text(report.failures[0]), type="not as expected"
        )
        failure.text = _xml_text(text)
    lines = [line.text for line in report.ladder()]
    out = ElementTree.SubElement(case, "system-out")
    out.text = _xml_text("\n".join((*lines, *(f"[[ATTACHMENT|{file}]]" for file in files))))
    return case


def _xml_text(text: str) -> str:
    """Without the characters XML 1.0 has no way to write."""
    return "".join(
        c if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff" else "�"
        for c in text
    )
