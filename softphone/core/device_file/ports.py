"""Which port, of which node, over what: the decision table of device-config 5, row by row.

Where open client code fails open (an unknown security mode becomes non-secure, a bad port another port), this
refuses. A port element is never replaced by another one.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from hashlib import md5

from simulator.core.actor.flow import Address, Transport
from simulator.core.tls.settings import Credential
from softphone.core.device_file.nodes import DEFAULT_PORTS, ConfigNode, PortElement
from softphone.core.device_file.problems import ConfigError, ConfigProblem, ConfigWarning, Finding
from softphone.core.device_file.view import ConfigView, SecurityMode, TransportProtocol
from softphone.core.settings.profile import Deployment, EdgeServer, PortOverride


@dataclass(frozen=True, slots=True, kw_only=True)
class PortDecision:
    """How to reach one node."""

    row: int
    """Row of the table in device-config 5."""
    node: ConfigNode
    element: PortElement
    """The cnf.xml element the port came from."""
    port: int
    """The node's own port: what the phone dials on-premises, what Expressway-C dials over MRA."""
    transport: Transport
    """Of the phone's own connection."""
    next_hop: Address
    """Where the phone connects: node and port, or Expressway-E."""
    target_transport: Transport
    """Into the node; differs from `transport` on row 13 only (TLS outside, TCP inside)."""
    route: str | None = None
    """MRA: what the edge asks to be preloaded as Route."""
    bearer: bool = False
    """The port is a SIP OAuth port: a challenge is answered with a token."""
    client_certificate: bool = False
    """The phone presents its LSC."""
    findings: tuple[Finding, ...] = ()

    @property
    def host(self) -> str:
        return self.node.host


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """The nodes to try, in order, each with its own port; over MRA all of them by each edge. Never empty."""

    decisions: tuple[PortDecision, ...]
    findings: tuple[Finding, ...] = ()
    """Warnings, and the problems of nodes that are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    row: int
    element: PortElement
    transport: Transport
    bearer: bool = False
    client_certificate: bool = False
    warning: tuple[ConfigWarning, str] | None = None


def decide_ports(
    config: ConfigView,
    deployment: Deployment,
    *,
    edges: tuple[EdgeServer, ...] = (),
    credential: Credential | None = None,
) -> PortPlan:
    """Applies the table. Raises ConfigError if the file contradicts itself or no node is usable.

    `credential` is the phone's LSC, needed on rows 10 and 11 only; `edges` are the ways in from outside.
    """
    rule = _rule(config, deployment)
    if deployment == Deployment.MRA and not edges:
        raise ConfigError(ConfigProblem.NO_EDGE, "row 15: MRA without a sipEdgeServer address")
    if rule.client_certificate:
        _require_lsc(config, credential)
    direct: list[PortDecision] = []
    refused: list[Finding] = []
    warnings = () if rule.warning is None else (Finding(code=rule.warning[0], detail=rule.warning[1]),)
    for node in config.nodes:
        try:
            port, found = _port(node, rule.element)
        except ConfigError as error:
            refused.append(error.finding)
            continue
        direct.append(
            PortDecision(
                row=rule.row,
                node=node,
                element=rule.element,
                port=port,
                transport=rule.transport,
                next_hop=Address(node.host, port),
                target_transport=rule.transport,
                bearer=rule.bearer,
                client_certificate=rule.client_certificate,
                findings=found,
            )
        )
    if not direct:
        first = refused[0]
        raise ConfigError(
            ConfigProblem.BAD_PORT, f"{first.detail}; no node has a usable {rule.element}",
            path=first.path, line=first.line,
        )  # fmt: skip
    decisions = tuple(direct)
    if deployment == Deployment.MRA:
        decisions = tuple(_through(one, edge) for edge in edges for one in direct)
    return PortPlan(decisions=decisions, findings=(*warnings, *refused))


def _through(decision: PortDecision, edge: EdgeServer) -> PortDecision:
    return replace(decision, transport="tls", next_hop=edge.address, route=edge.route)


def _rule(config: ConfigView, deployment: Deployment) -> _Rule:
    """Rows 1-14. Rows 16 and 17 (values outside their enumerations) were refused while reading."""
    mode, wanted = config.security_mode, config.transport
    secure = mode is not SecurityMode.NON_SECURE
    mra = deployment == Deployment.MRA
    if config.sip_oauth_mode:
        if config.encrypted_config:
            raise ConfigError(
                ConfigProblem.OAUTH_ENCR_CONFLICT,
                "row 5: sipOAuthMode 1 excludes encrConfig true",
                path="/device/encrConfig",
            )
        element: PortElement = "sipMRAOAuthPort" if mra else "sipOAuthPort"
        if mode is not SecurityMode.ENCRYPTED or wanted not in (None, TransportProtocol.TLS):
            text = (
                f"sipOAuthMode 1, but deviceSecurityMode {mode}, transportLayerProtocol {wanted}; TLS is used"
            )
            row = 4 if mode is SecurityMode.ENCRYPTED else 3
            return _Rule(
                row=row, element=element, transport="tls", bearer=True,
                warning=(ConfigWarning.OAUTH_INCONSISTENT, text),
            )  # fmt: skip
        return _Rule(row=2 if mra else 1, element=element, transport="tls", bearer=True)
    if secure:
        if wanted not in (None, TransportProtocol.TLS):
            raise ConfigError(
                ConfigProblem.INSECURE_MISMATCH,
                f"row 12: deviceSecurityMode {mode} asks for TLS, transportLayerProtocol is {wanted}",
                path="/device/transportLayerProtocol",
            )
        if mra:  # the profile name in Expressway-C's certificate stands for the phone; it presents none itself
            return _Rule(row=14, element="securedSipPort", transport="tls")
        if mode is SecurityMode.AUTHENTICATED:
            null_cipher = (
                "authenticated mode means TLS with a NULL cipher; an encrypting one is offered instead"
            )
            return _Rule(
                row=10, element="securedSipPort", transport="tls", client_certificate=True,
                warning=(ConfigWarning.NULL_CIPHER, null_cipher),
            )  # fmt: skip
        return _Rule(row=11, element="securedSipPort", transport="tls", client_certificate=True)
    if mra:
        if wanted is TransportProtocol.UDP:  # not in the table: there is no UDP through the edge [assumed]
            raise ConfigError(
                ConfigProblem.MRA_UDP, "transportLayerProtocol 2 (UDP) cannot pass Expressway",
                path="/device/transportLayerProtocol",
            )  # fmt: skip
        return _Rule(row=13, element="sipPort", transport="tcp")
    if wanted is TransportProtocol.TCP:
        return _Rule(row=6, element="sipPort", transport="tcp")
    if wanted is TransportProtocol.UDP:
        return _Rule(row=7, element="sipPort", transport="udp")
    if wanted is TransportProtocol.TLS:
        text = "transportLayerProtocol 3 (TLS) with deviceSecurityMode 1 (non-secure); TCP is used"
        return _Rule(row=8, element="sipPort", transport="tcp", warning=(ConfigWarning.TLS_DOWNGRADE, text))
    return _Rule(row=9, element="sipPort", transport="tcp")


_PORT = re.compile(r"[0-9]{1,5}")
_UCM_RANGE = range(1024, 49152)
"""What UCM's administration allows. [documented: S2, S3] The client only warns."""


def parse_port(text: str) -> int | None:
    """Return `text` as a port number, 1..65535 in at most five ASCII digits; None if it is none."""
    text = text.strip(" \t\r\n")
    if not text.isascii() or not _PORT.fullmatch(text) or not 1 <= int(text) <= 65_535:
        return None
    return int(text)


def _port(node: ConfigNode, element: PortElement) -> tuple[int, tuple[Finding, ...]]:
    text = node.port_text(element)
    path = f"{node.path}/ports/{element}"
    if text is None:
        port = DEFAULT_PORTS[element]
        detail = f"{node.host}: no {element}; {port} is used"
        return port, (Finding(code=ConfigWarning.PORT_DEFAULTED, detail=detail, path=path, line=node.line),)
    number = parse_port(text)
    if number is None:
        detail = f"{node.host}: {element} {text[:40]!r} is not a port number"
        raise ConfigError(ConfigProblem.BAD_PORT, detail, path=path, line=node.line)
    if number not in _UCM_RANGE:
        detail = f"{node.host}: {element} {number} is outside UCM's 1024..49151"
        return number, (
            Finding(code=ConfigWarning.PORT_OUTSIDE_UCM_RANGE, detail=detail, path=path, line=node.line),
        )
    return number, ()


def _require_lsc(config: ConfigView, credential: Credential | None) -> None:
    """certHash names the LSC by its MD5; without a matching one the phone would have to go to CAPF (row 11)."""
    if not config.cert_hash:
        raise ConfigError(
            ConfigProblem.NO_LSC, "certHash is empty: UCM knows no LSC of this phone", path="/device/certHash"
        )
    if credential is None:
        raise ConfigError(ConfigProblem.NO_LSC, "the phone has no LSC", path="/device/certHash")
    if certificate_md5(credential) != config.cert_hash:
        raise ConfigError(
            ConfigProblem.NO_LSC, "the phone's LSC is not the one in certHash", path="/device/certHash"
        )


_FIRST_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def certificate_md5(credential: Credential) -> str:
    """Return the MD5 of the leaf certificate (DER) in hex, as certHash has it; empty without one."""
    found = _FIRST_CERTIFICATE.search(credential.chain)
    try:
        der = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        der = b""
    return md5(der, usedforsecurity=False).hexdigest() if der else ""


def override(decision: PortDecision, wanted: PortOverride) -> PortDecision:
    """Return `decision` with a deliberate mistake (Behaviour.WRONG_PORT): another element or number."""
    element: PortElement = decision.element
    for name in DEFAULT_PORTS:
        if name == wanted.element:
            element = name
    port = wanted.port if wanted.port is not None else decision.port
    if wanted.port is None and element != decision.element:
        port = parse_port(decision.node.port_text(element) or "") or DEFAULT_PORTS[element]
    transport: Transport = decision.target_transport
    if element != decision.element:
        transport = "tcp" if element == "sipPort" else "tls"
    direct = decision.next_hop == Address(decision.node.host, decision.port)
    return replace(
        decision,
        element=element,
        port=port,
        transport=transport if direct else decision.transport,
        target_transport=transport,
        next_hop=Address(decision.node.host, port) if direct else decision.next_hop,
        bearer=element in ("sipOAuthPort", "sipMRAOAuthPort"),
        client_certificate=element == "securedSipPort" and direct,
    )
