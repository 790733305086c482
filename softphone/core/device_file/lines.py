"""The lines of a cnf.xml: which directory numbers the phone registers, and as which Contact user."""

from __future__ import annotations

import re
from dataclasses import dataclass

from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning, Finding
from softphone.core.device_file.xml_reader import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One registration line."""

    button: int
    index: int
    directory_number: str
    """`name` of the line: the user part of From and To, as written in the file."""
    contact: str
    """`contact` of the line, a UUID: the user part of the Contact URI. [documented: device-config 2]"""
    display_name: str = ""
    label: str = ""

    @property
    def uri_user(self) -> str:
        """The directory number as a SIP URI writes it: '#' is not allowed there bare (RFC 3261 25.1)."""
        return self.directory_number.replace("#", "%23")


REGISTRATION_FEATURE = "9"
"""featureID of a registration line; 2 is a speed dial. [observed: device-config 2]"""
PROXY = "USECALLMANAGER"
UNPROVISIONED = "UNPROVISIONED"
MAX_BUTTON = 199

_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)
_URI_USER = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/#\\]{1,255}")
_CONTACT_USER = re.compile(r"[A-Za-z0-9\-_.~]{1,255}")


def read_lines(root: Element, findings: list[Finding]) -> tuple[Line, ...]:
    """Return the registration lines by lineIndex. Raises ConfigError if none is usable."""
    container = root.at("sipProfile/sipLines")
    by_index: dict[int, Line] = {}
    problems: list[Finding] = []
    for element in container.all("line") if container is not None else ():
        if element.value("featureID") not in (None, REGISTRATION_FEATURE):
            continue
        try:
            line = _line(element, findings)
        except ConfigError as error:
            problems.append(error.finding)
            continue
        if line is None:
            continue
        if line.index in by_index:
            findings.append(
                _finding(element, ConfigWarning.DUPLICATE_LINE, f"lineIndex {line.index} again; ignored")
            )
            continue
        by_index[line.index] = line
    findings += problems
    if not by_index:
        if problems:
            first = problems[0]
            assert isinstance(first.code, ConfigProblem)
            raise ConfigError(first.code, f"{first.detail}; no other line", path=first.path, line=first.line)
        raise (container or root).error(ConfigProblem.NO_LINE, "no line to register")
    return tuple(by_index[index] for index in sorted(by_index))


def _finding(element: Element, code: ConfigWarning, detail: str) -> Finding:
    return Finding(code=code, detail=detail, path=element.path, line=element.line)


def _line(element: Element, findings: list[Finding]) -> Line | None:
    """The line; None if it is to be passed over (with a warning where the file is odd)."""
    button = _small_number(element.attributes.get("button"))
    if button is None:
        text = element.attributes.get("button", "")
        findings.append(
            _finding(
                element, ConfigWarning.LINE_IGNORED, f"button {text[:20]!r} is not a number in 1..{MAX_BUTTON}"
            )
        )
        return None
    number = element.value("name") or ""
    if number in ("", UNPROVISIONED):
        findings.append(
            _finding(element, ConfigWarning.LINE_IGNORED, f"no directory number on button {button}")
        )
        return None
    if not _URI_USER.fullmatch(number):
        raise element.error(
            ConfigProblem.BAD_LINE, f"directory number {number[:40]!r} cannot stand in a SIP URI"
        )
    proxy = element.value("proxy")
    if proxy not in (None, PROXY):
        raise element.error(ConfigProblem.UNSUPPORTED_PROXY, f"proxy {proxy[:40]!r} is not {PROXY}")
    contact = element.value("contact") or ""
    if not _CONTACT_USER.fullmatch(contact):
        if contact:
            raise element.error(ConfigProblem.BAD_LINE, f"contact {contact[:40]!r} cannot stand in a SIP URI")
        findings.append(
            _finding(element, ConfigWarning.NO_CONTACT, f"line {number} has no contact; its number is used")
        )
    return Line(
        button=button,
        index=_small_number(element.attributes.get("lineIndex")) or button,
        directory_number=number,
        contact=contact or number.replace("#", "%23"),
        display_name=element.value("displayName") or "",
        label=element.value("featureLabel") or "",
    )


def _small_number(text: str | None) -> int | None:
    if text is None or not _NUMBER.fullmatch(text):
        return None
    return int(text) if 1 <= int(text) <= MAX_BUTTON else None
