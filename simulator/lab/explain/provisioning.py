"""The rows before any connection, for our own phones: the device's configuration file and the port it leads "
"to."""

from __future__ import annotations

from simulator.lab.explain.attempts import Beginning
from simulator.lab.explain.model import Advice, Row

CONFIG = ("configuration", "Configuration file fetched and read")
PORT = ("port", "Node and port decided")
_DECISION_CODES = ("E_OAUTH_ENCR_CONFLICT", "E_INSECURE_MISMATCH", "E_NO_LSC", "E_NO_EDGE", "E_MRA_UDP")
_ROLES = {"sipOAuthPort": "oauth", "sipMRAOAuthPort": "edge", "securedSipPort": "sips", "sipPort": "sip"}

_CAUSES: dict[str, tuple[str, str]] = {
    "E_HTTP_404": (
        "The server has no configuration file of this name.",
        "Add the device, or correct its name; restart Cisco TFTP if the device is new.",
    ),
    "E_HTTP_AUTH": ("The server wants credentials for the file.", "Fetch it on the port meant for the client."),
    "E_TLS_TRUST": (
        "The client does not trust the configuration server's certificate.",
        "Install the authority that signed Tomcat in the client's trust store.",
    ),
    "E_UNREACHABLE": (
        "The configuration server cannot be reached.",
        "Check its name, the way to it and that Cisco TFTP runs.",
    ),
    "E_NO_LSC": (
        "The profile wants mutual TLS and the phone has no certificate.",
        "Install an LSC through CAPF, or enable OAuth authentication on the profile.",
    ),
    "E_INSECURE_MISMATCH": (
        "The file contradicts itself: security mode and transport do not go together.",
        "Save the phone security profile again and reset the device.",
    ),
    "E_OAUTH_ENCR_CONFLICT": (
        "The file asks for OAuth and for an encrypted configuration at once.",
        "Uncheck TFTP Encrypted Config in the profile.",
    ),
    "E_NO_EDGE": ("The client is outside and knows no Expressway.", "Publish _collab-edge._tls in DNS."),
}
_OTHER = (
    "The configuration file cannot be used; the evidence says what is wrong with it.",
    "Compare the file with a working device's; save the device again and restart Cisco TFTP.",
)


def role_of(element: str, secured: bool) -> str:
    """What a port is for, by the cnf.xml element it came from, where the server reports nothing."""
    return _ROLES.get(element, "other" if secured else "sip")


def rows_of(one: Beginning) -> tuple[list[Row], tuple[Advice, ...]]:
    provision = one.provision
    if provision is None:
        return [], ()
    fetched, decided, code = provision.fetched, provision.decided, one.failed.code if one.failed else None
    rows = []
    if fetched is not None:
        problem = fetched.problem
        failed = problem is not None or (code is not None and code not in _DECISION_CODES)
        text = f"{fetched.url}: {fetched.status or 'no answer'}"
        text += f", {problem}: {fetched.detail}" if problem else ""
        if failed and problem is None and one.failed is not None:
            text += f", {one.failed.code}: {one.failed.detail}"
        rows.append(Row(id=CONFIG[0], title=CONFIG[1], state="fail" if failed else "pass", evidence=text))
        if failed:
            return [*rows, Row(id=PORT[0], title=PORT[1], state="not_reached")], (
                _advice(problem or code or ""),
            )
    if decided is not None:
        how = f"{decided.transport.upper()} (row {decided.row})"
        text = f"{decided.element} {decided.port} of {decided.node}, {how}"
        rows.append(Row(id=PORT[0], title=PORT[1], state="pass", evidence=text))
    elif code is not None and one.failed is not None:
        text = f"{code}: {one.failed.detail}"
        rows.append(Row(id=PORT[0], title=PORT[1], state="fail", evidence=text))
        return rows, (_advice(code),)
    return rows, ()


def _advice(code: str) -> Advice:
    cause, remedy = _CAUSES.get(code, _OTHER)
    return Advice(
        cause=cause,
        remedy=remedy,
        verify="fetch http://<node>:6970/<device>.cnf.xml with curl and read it",
        mark="documented" if code in _CAUSES else "assumed",
        source="device-config 5, 7",
    )
