"""The rows before any connection, for our own phones: the device's configuration file and the port it gives."""

from __future__ import annotations

from simulator.evidence.explain.attempts import Beginning
from simulator.evidence.explain.model import Advice, ExplainRow

CONFIG = ("configuration", "Configuration file fetched and read")
PORT = ("port", "Node and port decided")
_DECISION_CODES = ("E_OAUTH_ENCR_CONFLICT", "E_INSECURE_MISMATCH", "E_NO_LSC", "E_NO_EDGE", "E_MRA_UDP")
_ROLES = {"sipOAuthPort": "oauth", "sipMRAOAuthPort": "edge", "securedSipPort": "sips", "sipPort": "sip"}

_PHONE = "Device > Phone: save the device, Apply Config, and restart Cisco TFTP if the file does not change."
_PROFILE = "System > Security > Phone Security Profile"
_MADE_BY_HAND = "Have UCM write the file: UCM's configuration service does not produce a file like this one."
_CAUSES: dict[str, tuple[str, str]] = {
    # transport of the file
    "E_HTTP_404": (
        "The server has no configuration file with this name.",
        "Add the device, or correct its name; restart Cisco TFTP if the device is new.",
    ),
    "E_HTTP_AUTH": (
        "The server does not give this file to this client: 401 means that there is no good token, 403 that "
        "the device is another user's or that a filter is in between.",
        "Fetch the file from 6970 without a token, or from 6971 with a token of the device's owner.",
    ),
    "E_HTTP_STATUS": (
        "The configuration server answered with an error of its own.",
        "Restart Cisco TFTP on the node and look at its trace; give phones a second TFTP server.",
    ),
    "E_TLS_TRUST": (
        "The client does not trust the configuration server's certificate.",
        "Install the authority that signed Tomcat in the client's trust store.",
    ),
    "E_UNREACHABLE": (
        "The configuration server cannot be reached.",
        "Check its name, the network path to it, and that Cisco TFTP is running (utils service list).",
    ),
    # the text
    "E_EMPTY": ("The file is empty.", _PHONE),
    "E_ENCODING": ("The file is not in the encoding that it declares, so it cannot be read.", _MADE_BY_HAND),
    "E_SIGNATURE": (
        "The file is signed, but this client accepts only unsigned files.",
        "Fetch the name without .sgn, or switch signing off for this client's profile.",
    ),
    "E_TOO_LARGE": ("The file is larger than any configuration file.", _MADE_BY_HAND),
    "E_TOO_DEEP": ("The elements of the file are nested deeper than in any configuration file.", _MADE_BY_HAND),
    "E_XML_FORBIDDEN": (
        "The file contains a document type or entities: UCM writes none, and they can be an attack.",
        "Find out where the file was written, or changed on the way.",
    ),
    "E_XML_MALFORMED": (
        "The file is not well-formed XML: it was truncated or edited by hand.",
        f"Compare its size with the Content-Length. {_PHONE}",
    ),
    # the meaning
    "E_NOT_DEVICE_CONFIG": (
        "Something other than a device's file came back: the default file, or a web page of a proxy or portal.",
        "Find out which server answered; reach the TFTP server without the proxy, and check that the device "
        "exists.",
    ),
    "E_WRONG_PROTOCOL": (
        "The file is for a phone with a protocol other than SIP.",
        "Device > Phone: give the device the model and protocol of this client.",
    ),
    "E_SHORT_CONFIG": (
        "The file is the short one for a device that has not registered yet, and names no nodes.",
        "Complete auto-registration or the device's first provisioning, then fetch the file again.",
    ),
    "E_BAD_STRUCTURE": ("A required element is missing, or an element is in the wrong place.", _PHONE),
    "E_BAD_ENUM": ("An element has a value that is not allowed; the evidence names both.", _PHONE),
    "E_DUPLICATE": ("An element that may occur only once occurs twice.", _MADE_BY_HAND),
    "E_NO_CCM": (
        "The file names no node to register with.",
        "System > Cisco Unified CM Group: put a node into the group of the device's pool.",
    ),
    "E_BAD_HOST": (
        "No node in the file has a name that can be dialled.",
        "System > Server: correct the node's host name or address.",
    ),
    "E_BAD_PORT": (
        "The port that the phone needs is not a valid port number on any node in the file.",
        "System > Cisco Unified CM: set the node's SIP Phone OAuth Port (1024-49151), then restart "
        "CallManager.",
    ),
    "E_NO_LINE": (
        "The device has no line, so there is nothing to register.",
        "Device > Phone: add a directory number to the device.",
    ),
    "E_BAD_LINE": ("No line in the file can be used.", "Device > Phone: correct the directory number."),
    "E_UNSUPPORTED_PROXY": (
        "The line registers through a proxy other than UCM.",
        "Set the line's proxy to USECALLMANAGER.",
    ),
    # the decision
    "E_NO_LSC": (
        "The file sends the phone to 5061 with mutual TLS, but the phone has no certificate.",
        f"Enable OAuth Authentication in the profile ({_PROFILE}), or install an LSC through CAPF. If OAuth "
        "is on, check how the file spells sipOAuthMode.",
    ),
    "E_INSECURE_MISMATCH": (
        "The file contradicts itself: its security mode and transport do not match.",
        f"Correct Device Security Mode and Transport Type ({_PROFILE}), save, and reset the device.",
    ),
    "E_OAUTH_ENCR_CONFLICT": (
        "The file asks for both OAuth and an encrypted configuration.",
        f"Uncheck TFTP Encrypted Config ({_PROFILE}).",
    ),
    "E_NO_EDGE": ("The client is outside but knows no Expressway.", "Publish _collab-edge._tls in DNS."),
    "E_MRA_UDP": (
        "The file says UDP, which cannot pass Expressway.",
        f"Set Transport Type to TCP or TLS ({_PROFILE}), and reset the device.",
    ),
}
"""By typed code."""
CODES = frozenset(_CAUSES)
"""Total over `softphone.core.device_file.problems.ConfigProblem`, which a test proves."""
_OTHER = (
    "The configuration file cannot be used; the evidence says what is wrong with it.",
    f"Compare the file with a working device's. {_PHONE}",
)


def role_of(element: str, secured: bool) -> str:
    """Tell what a port is for by the cnf.xml element it came from, where the server reports nothing."""
    return _ROLES.get(element, "other" if secured else "sip")


def rows_of(one: Beginning) -> tuple[list[ExplainRow], tuple[Advice, ...]]:
    provision = one.provision
    if provision is None:
        return [], ()
    fetched, code = provision.fetched, one.failed.code if one.failed else None
    rows = []
    if fetched is not None:
        problem = fetched.problem
        failed = problem is not None or (code is not None and code not in _DECISION_CODES)
        text = f"{fetched.url}: {fetched.status or 'no answer'}"
        text += f", {problem}: {fetched.detail}" if problem else ""
        if failed and problem is None and one.failed is not None:
            text += f", {one.failed.code}: {one.failed.detail}"
        rows.append(
            ExplainRow(id=CONFIG[0], title=CONFIG[1], state="fail" if failed else "pass", evidence=text)
        )
        if failed:
            return [*rows, ExplainRow(id=PORT[0], title=PORT[1], state="not_reached")], (
                _advice(problem or code or "", fetched.url),
            )
    decided = provision.decided(one.remote)
    if decided is not None:
        how = f"{decided.transport.upper()} (row {decided.row})"
        text = f"{decided.element} {decided.port} of {decided.node}, {how}"
        rows.append(ExplainRow(id=PORT[0], title=PORT[1], state="pass", evidence=text))
    elif code is not None and one.failed is not None:
        text = f"{code}: {one.failed.detail}"
        rows.append(ExplainRow(id=PORT[0], title=PORT[1], state="fail", evidence=text))
        return rows, (_advice(code, fetched.url if fetched else ""),)
    return rows, ()


def _advice(code: str, url: str) -> Advice:
    where = url or "http://<node>:6970/<device>.cnf.xml"
    cause, remedy = _CAUSES.get(code, _OTHER)
    return Advice(
        cause=cause,
        remedy=remedy,
        verify=f"curl -v {where} shows the status and the file that the phone gets",
        mark="documented" if code in _CAUSES else "assumed",
        source="device-config 5, 7",
    )
