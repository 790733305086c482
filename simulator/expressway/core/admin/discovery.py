"""Discover and refresh: what an Expressway-C asks a Unified CM publisher, in order, and what it finds.

A conversation is a generator: it yields one `DiscoveryRequest` at a time and is sent the answer. Order and
operations are documented (administration 0.3), the SQL texts and how the row is pushed are assumed
(administration 11.2).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from simulator.core.actor.flow import Fetched
from simulator.expressway.core.admin import axl
from simulator.expressway.core.tokens.keys import KeysUnreadable, TokenKeys, parse_keys

KEY_PATH = "/ssosp/authz/keys"
"""[assumed]"""
_SERVICE = "Cisco CallManager"
_CERTIFICATES = (
    "select c.certificate from certificate c "
    "join certificateservicecertificatemap m on m.fkcertificate = c.pkid "
    "join typecertificateservice t on t.enum = m.tkcertificateservice "
    "where t.name in ('CallManager-trust', 'tomcat-trust')"
)
_MODES = "select paramname, paramvalue from processconfig where paramname like 'Cluster%Mode'"


@dataclass(frozen=True, slots=True, kw_only=True)
class UcmServer:
    """An entry of Configuration > Unified Communications > Unified CM servers."""

    publisher: str
    """The address as the administrator typed it; with TLS verify a name of its Tomcat certificate."""
    user: str
    password: str = field(repr=False)
    tls_verify: bool = True
    port: int = 8443

    def url(self, path: str) -> str:
        """Return the URL of a path at the server."""
        host = f"[{self.publisher}]" if ":" in self.publisher else self.publisher
        return f"https://{host}:{self.port}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the Expressway tells of itself: its host name, not its FQDN [documented], and its certificate."""

    hostname: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNode:
    """A node that runs Cisco CallManager."""

    host: str
    """processnode.name."""
    name: str
    """Of its Cisco Unified CM, e.g. CM_ucm-pub."""
    publisher: bool
    sip: int = 5060
    sips: int = 5061
    oauth: int = 5090
    mra: int = 5091
    https: int = 8443
    """Port of its Tomcat: the one that was typed for the publisher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the Expressway goes by until it is told to refresh."""

    version: str = ""
    nodes: tuple[FoundNode, ...] = ()
    oauth_mode: bool = False
    mixed_mode: bool = False
    keys: TokenKeys | None = field(default=None, repr=False)
    pushed: str = ""
    """added or updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRequest:
    """One HTTP request. `function`: as the log names it."""

    function: str
    method: str
    path: str
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class DiscoveryFailed(Exception):
    """Raised with the text for the administrator; the form with the HTTP error is documented."""


Conversation = Generator[DiscoveryRequest, Fetched, Found]


def converse(server: UcmServer, me: Identity) -> Conversation:
    """Ask `server` everything, telling it `me`. Raises DiscoveryFailed."""
    talk = _Talk(server)
    version = yield from talk.call("getCCMVersion", "")
    hosts = yield from talk.call(
        "listProcessNode", axl.listing("name", ("name", "description", "nodeUsage", "processNodeRole"))
    )
    services = yield from talk.call(
        "listProcessNodeService",
        axl.listing("processNodeName", ("processNodeName", "service", "enable", "isActive")),
    )
    managers = yield from talk.call("listCallManager", axl.listing("name", ("name", "processNodeName")))
    running = {
        one.value("processNodeName")
        for one in services.find("processNodeService")
        if one.value("service") == _SERVICE and one.value("enable") == one.value("isActive") == "true"
    }
    publishers = {
        one.value("name") for one in hosts.find("processNode") if one.value("nodeUsage") == "Publisher"
    }
    nodes = []
    for one in managers.find("callManager"):
        host, name = one.value("processNodeName"), one.value("name")
        if host not in running:
            continue
        whole = yield from talk.call("getCallManager", axl.element("name", name))
        nodes.append(_node(whole, host, name, publisher=host in publishers, https=server.port))
    modes = yield from talk.call("executeSQLQuery", axl.element("sql", _MODES))
    values = {row.value("paramname"): row.value("paramvalue") for row in modes.find("row")}
    # Asked like the rest; what a client does with the certificates is not documented.
    yield from talk.call("executeSQLQuery", axl.element("sql", _CERTIFICATES))
    oauth_mode = values.get("ClusterSIPOAuthMode") == "1"
    keys = yield from talk.keys()
    pushed = yield from talk.push(me)
    return Found(
        version=version.value("componentVersion", "version"),
        nodes=tuple(nodes),
        oauth_mode=oauth_mode,
        mixed_mode=values.get("ClusterSecurityMode") == "1",
        keys=keys,
        pushed=pushed,
    )


class _Talk:
    def __init__(self, server: UcmServer) -> None:
        self._server = server

    def call(self, operation: str, content: str) -> Generator[DiscoveryRequest, Fetched, axl.DiscoveredNode]:
        answer = yield self._ask(operation, content)
        if answer.status != 200:
            raise self._failed(answer)
        return self._read(answer, operation)

    def push(self, me: Identity) -> Generator[DiscoveryRequest, Fetched, str]:
        """Add the row of the Expressway's host name, or give an existing row the present names."""
        names = axl.element("X509SubjectNameorSubjectAlternateName", ",".join(me.names))
        row = f"{axl.element('HostNameOrIP', me.hostname)}{names}"
        answer = yield self._ask(
            "addExpresswayCConfiguration", f"<expresswayCConfiguration>{row}</expresswayCConfiguration>"
        )
        if answer.status == 200:
            return "added"
        code, text = axl.fault(answer.body)
        if axl.DUPLICATE not in (code, *text.replace(":", " ").split()):
            raise self._failed(answer)
        yield from self.call("updateExpresswayCConfiguration", row)
        return "updated"

    def keys(self) -> Generator[DiscoveryRequest, Fetched, TokenKeys | None]:
        """Fetch the token keys; None where there is no key server: UCM before 12.5."""
        server = self._server
        headers = (("Authorization", axl.basic(server.user, server.password)),)
        answer = yield DiscoveryRequest(function="getKeys", method="GET", path=KEY_PATH, headers=headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._failed(answer)
        try:
            return parse_keys(answer.body)
        except KeysUnreadable as error:
            raise DiscoveryFailed(f"Failed: {error}") from None

    def _ask(self, operation: str, content: str) -> DiscoveryRequest:
        server = self._server
        return DiscoveryRequest(
            function=operation,
            method="POST",
            path=axl.PATH,
            body=axl.envelope(operation, content),
            headers=axl.headers(operation, server.user, server.password),
        )

    def _read(self, answer: Fetched, operation: str) -> axl.DiscoveredNode:
        try:
            return axl.result(answer.body, operation)
        except axl.AnswerUnreadable as error:
            raise DiscoveryFailed(
                f"Failed: Unable to communicate with {self._server.publisher}. {error}"
            ) from None

    def _failed(self, answer: Fetched) -> DiscoveryFailed:
        start = f"Failed: Unable to communicate with {self._server.publisher}."
        if answer.status is None:
            return DiscoveryFailed(f"{start} {answer.failure}")
        _, text = axl.fault(answer.body)
        error = f"AXL query HTTP error \"'HTTPError:{answer.status}'\""
        return DiscoveryFailed(f"{start} {error}{f' {text}' if text else ''}")


def _node(whole: axl.DiscoveredNode, host: str, name: str, *, publisher: bool, https: int) -> FoundNode:
    manager = whole.child("callManager") or whole

    def port(default: int, tag: str) -> int:
        text = next((one.text.strip() for one in manager.find(tag)), "")
        return int(text) if text.isdecimal() and 0 < int(text) < 65_536 else default

    return FoundNode(
        host=host,
        name=name,
        publisher=publisher,
        sip=port(5060, "sipPhonePort"),
        sips=port(5061, "sipPhoneSecurePort"),
        oauth=port(5090, "sipOAuthPort"),
        mra=port(5091, "sipOAuthMRAPort"),
        https=https,
    )
