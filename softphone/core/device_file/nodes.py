"""The CallManager group of a cnf.xml: which nodes, in which order, with which port texts (device-config 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning, Finding
from softphone.core.device_file.xml_reader import Element

PortElement = Literal["sipPort", "securedSipPort", "sipOAuthPort", "sipMRAOAuthPort"]
DEFAULT_PORTS: dict[PortElement, int] = {
    "sipPort": 5060,
    "securedSipPort": 5061,
    "sipOAuthPort": 5090,
    "sipMRAOAuthPort": 5091,
}
"""An absent element means the default. [assumed, strong: device-config 1.4]"""

MAX_NODES = 5
"""Members that are used; UCM groups have at most 3, phones accept 5. [documented: S9, S26]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigNode:
    """One usable member of the group. Port texts are kept as written: only the selected one is judged."""

    host: str
    """processNodeName: a host name (IDNs as A-labels) or a bare IP address; never empty."""
    name: str = ""
    priority: int = 0
    ports: tuple[tuple[PortElement, str], ...] = ()
    path: str = ""
    line: int | None = None

    def port_text(self, element: PortElement) -> str | None:
        """Return the element's text without white space; None if the file has no such element for this node."""
        return dict(self.ports).get(element)

    @property
    def uri_host(self) -> str:
        """The host as a SIP URI writes it: IPv6 addresses in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def tls_name(self) -> str:
        """The name to look for in the server's certificate: without the trailing dot of an absolute name."""
        return self.host.rstrip(".")


# "_" is not in the RFC's hostname; a UCM server entry may hold one. [assumed]
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_PRIORITY = re.compile(r"[0-9]{1,3}")
_PORT_ALIASES = {"sipoauthmraport": "sipMRAOAuthPort"}
"""AXL's spelling of the same port (device-config 1.17): a plausible slip, never read."""


def read_nodes(root: Element, findings: list[Finding]) -> tuple[ConfigNode, ...]:
    """Return the nodes by priority, ties in document order. Raises ConfigError if no node has a usable host."""
    members = root.at("devicePool/callManagerGroup/members")
    found = list(members.all("member")) if members is not None else []
    if not found:
        raise (members or root).error(ConfigProblem.NO_CCM, "the callManagerGroup has no member")
    nodes: list[ConfigNode] = []
    problems: list[Finding] = []
    for index, member in enumerate(found):
        priority = _priority(member, index)
        manager = member.one("callManager")
        host_element = manager.leaf("processNodeName") if manager is not None else None
        if manager is None or host_element is None or not host_element.text:
            findings.append(_finding(member, ConfigWarning.NODE_SKIPPED, "a member without processNodeName"))
            continue
        try:
            host = _host(host_element)
        except ConfigError as error:
            problems.append(error.finding)
            continue
        if any(node.priority == priority for node in nodes):
            findings.append(
                _finding(
                    member,
                    ConfigWarning.DUPLICATE_PRIORITY,
                    f"priority {priority} again; document order decides",
                )
            )
        nodes.append(
            ConfigNode(
                host=host,
                name=manager.value("name") or "",
                priority=priority,
                ports=_ports(manager.one("ports"), findings),
                path=manager.path,
                line=manager.line,
            )
        )
    findings += problems
    if not nodes:
        if problems:
            raise _as_error(problems[0], "no member has a usable host")
        raise found[0].error(ConfigProblem.NO_CCM, "no member names a processNodeName")
    nodes.sort(key=lambda node: node.priority)
    if len(nodes) > MAX_NODES:
        findings.append(
            _finding(
                found[0], ConfigWarning.TOO_MANY_NODES, f"{len(nodes)} members; the first {MAX_NODES} are used"
            )
        )
    return tuple(nodes[:MAX_NODES])


def _as_error(finding: Finding, also: str) -> ConfigError:
    assert isinstance(finding.code, ConfigProblem)
    return ConfigError(finding.code, f"{finding.detail}; {also}", path=finding.path, line=finding.line)


def _finding(element: Element, code: ConfigWarning, detail: str) -> Finding:
    return Finding(code=code, detail=detail, path=element.path, line=element.line)


def _priority(member: Element, index: int) -> int:
    text = member.attributes.get("priority")
    if text is None:
        return index
    if not _PRIORITY.fullmatch(text) or not text.isascii():
        raise member.error(ConfigProblem.BAD_ENUM, f"priority {text[:40]!r} is not a number in 0..999")
    return int(text)


def _host(element: Element) -> str:
    """The host in ASCII. Nothing that could end a Request-URI or a header line gets through."""
    text = element.text
    if len(text) > 255:
        raise element.error(ConfigProblem.BAD_HOST, f"a host of {len(text)} characters; 255 are allowed")
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        ascii_text = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_text = ""
    labels = ascii_text.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise element.error(ConfigProblem.BAD_HOST, f"{text[:60]!r} is neither a host name nor an IP address")
    return ascii_text


def _ports(ports: Element | None, findings: list[Finding]) -> tuple[tuple[PortElement, str], ...]:
    if ports is None:
        return ()
    by_folded = {name.casefold(): name for name in DEFAULT_PORTS}
    for child in ports.children:
        folded = child.name.casefold()
        meant = by_folded.get(folded) or _PORT_ALIASES.get(folded)
        if meant is not None and child.name != meant:
            findings.append(
                _finding(child, ConfigWarning.SUSPICIOUS_NAME, f"ignored; the element is called {meant}")
            )
    texts = ((name, ports.value(name)) for name in DEFAULT_PORTS)
    return tuple((name, text) for name, text in texts if text is not None)
