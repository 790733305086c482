"""Cause, remedy and proof for refused handshakes: fault (from the alert) x refusing side x role of the port.

`mark` says how certain it is that a real system does this. That UCM's OAuth ports present Tomcat's
certificate, read their stores at start, and that 5091 is mutual TLS is documented (sip-wire 2); the numbers are
measured with OpenSSL; which number Cisco's own stacks send is assumed.
"""

from __future__ import annotations

from simulator.core.mark import Mark
from simulator.evidence.explain.model import Advice
from simulator.evidence.explain.tls_faults import Side, TlsFault

ROLES = ("oauth", "mra", "sips", "edge", "traversal", "https", "other")

_SHOW_TOMCAT = "show cert own tomcat on the node: issuer, validity, subject alternative names"
_SHOW_CALLMANAGER = "show cert own CallManager on the node; show ctl and show itl for what phones trust"
_SHOW_EXPRESSWAY = "Expressway: Maintenance > Security > Server certificate > Show (decoded)"
_SHOW_TRUST = (
    "show cert list trust on the node: tomcat-trust must hold the issuer of Expressway-C's certificate"
)
_EVENT_LOG = (
    'Expressway-C event log: Event="Outbound TLS Negotiation Error" with Dst-port="5091"; a capture shows '
    "the alert"
)
_TRAVERSAL_LOG = (
    'the event logs of both have Event="Inbound TLS Negotiation Error" on Expressway-E, "Outbound" on '
    'Expressway-C, with Dst-port="7001"'
)
_CAPTURE = "a capture of the port: the alert, and which side sends it, is readable up to TLS 1.2"

# What the server presents on a port: (certificate, how to renew it, how to see it).
_SERVERS = {
    "oauth": (
        "UCM's Tomcat certificate",
        "Regenerate or re-sign Tomcat's certificate on that node (set cert regen tomcat, or a CSR), then "
        "restart Cisco Tomcat and Cisco CallManager: the OAuth ports keep what they loaded at start.",
        _SHOW_TOMCAT,
    ),
    "mra": (
        "UCM's Tomcat certificate",
        "Regenerate or re-sign Tomcat's certificate on that node, restart Cisco Tomcat and Cisco CallManager, "
        "then refresh the Unified CM servers on Expressway-C.",
        _SHOW_TOMCAT,
    ),
    "sips": (
        "UCM's CallManager certificate",
        "Regenerate the CallManager certificate, restart Cisco CallManager and Cisco TFTP, and have phones "
        "fetch the new trust list.",
        _SHOW_CALLMANAGER,
    ),
    "edge": (
        "the Expressway's server certificate",
        "Create a new signing request on the Expressway (Maintenance > Security > Server certificate), have it "
        "signed and upload it.",
        _SHOW_EXPRESSWAY,
    ),
    "traversal": (
        "Expressway-E's server certificate",
        "Create a new signing request on Expressway-E (Maintenance > Security > Server certificate), have it "
        "signed by an authority that Expressway-C trusts, and upload it.",
        _SHOW_EXPRESSWAY,
    ),
    "https": (
        "the configuration server's Tomcat certificate",
        "Regenerate or re-sign Tomcat's certificate on that node and restart Cisco Tomcat and Cisco TFTP.",
        _SHOW_TOMCAT,
    ),
    "other": ("the server's certificate", "Have the server's certificate replaced.", _CAPTURE),
}
_TRUSTING = {
    "oauth": "Install the authority that signed Tomcat (or the self-signed Tomcat certificate itself) in the "
    "client's trust store; for Jabber that is the operating system's.",
    "mra": "On Expressway-C, Maintenance > Security > Trusted CA certificate: append the authority that signed "
    "Tomcat (or the self-signed Tomcat certificate), then refresh the Unified CM servers.",
    "sips": "Have the phone fetch the current CTL and ITL files, or have CallManager's certificate signed by "
    "an authority that the phone trusts.",
    "edge": "Use a certificate from an authority that the remote client knows (for Jabber, a public one).",
    "traversal": "On Expressway-C, Maintenance > Security > Trusted CA certificate: append the authority that "
    "signed Expressway-E's certificate.",
    "https": "Install the authority that signed Tomcat in the client's trust store.",
    "other": "Give the client the authority that signed the server's certificate.",
}
# Whose certificate the server asks for: (holder, remedy for an unknown issuer, how to see it).
_CLIENTS = {
    "mra": (
        "Expressway-C's server certificate",
        "Upload the root (and intermediates) that signed Expressway-C's certificate to tomcat-trust on the "
        "publisher (OS Administration > Security > Certificate Management), then restart Cisco CallManager on "
        "every node that runs it.",
        _SHOW_TRUST,
    ),
    "sips": (
        "the phone's LSC",
        "Have CAPF issue the LSC, and make sure that CallManager-trust on this node holds the CAPF "
        "certificate.",
        "show cert list trust on the node: the issuer of the LSC must be in CallManager-trust or be CAPF's",
    ),
    "oauth": (
        "the client's certificate",
        "Have the client connect without a certificate: the phone OAuth port authenticates by token.",
        _CAPTURE,
    ),
    "edge": (
        "the client's certificate",
        "Have the client connect without a certificate, or trust its issuer on the Expressway.",
        _EVENT_LOG,
    ),
    "traversal": (
        "Expressway-C's server certificate",
        "On Expressway-E, Maintenance > Security > Trusted CA certificate: append the authority that signed "
        "Expressway-C's certificate, then restart Expressway-E.",
        _TRAVERSAL_LOG,
    ),
    "https": ("the client's certificate", "Have the client connect without a certificate.", _CAPTURE),
    "other": ("the client's certificate", "Trust the issuer of the client's certificate.", _CAPTURE),
}
_INTERMEDIATE = (
    "If an intermediate authority signed it, the server must send the intermediate's certificate too: "
    "upload it together with the server's."
)
_EKU = (
    "Replace it with one whose extended key usage has both serverAuth and clientAuth: in mutual TLS "
    "Expressway-C is the client. Public authorities stop issuing clientAuth; use a private authority for this "
    "leg (Cisco field notices FN74362 and FN74345 are about this)."
)


def advice_for(fault: TlsFault, refused_by: Side, role: str) -> Advice:
    """Return the advice for a refused handshake. Total: every fault, side and role has an answer."""
    role = role if role in ROLES else "other"
    if fault in _ABOUT_NEITHER:
        return _ABOUT_NEITHER[fault]
    return _client_refused(fault, role) if refused_by == "client" else _server_refused(fault, role)


def _client_refused(fault: TlsFault, role: str) -> Advice:
    """Return the advice for a client that refuses the server's certificate."""
    what, renew, show = _SERVERS[role]
    known: Mark = "documented" if role in ("oauth", "mra", "sips") else "assumed"
    match fault:
        case TlsFault.UNKNOWN_CA:
            cause = f"The client does not trust the authority that signed {what}."
            remedy = f"{_TRUSTING[role]} {_INTERMEDIATE}"
            return _advice(cause, remedy, f"{show}; {_seen_at(role)}", known)
        case TlsFault.SAME_NAME:
            cause = (
                f"The client trusts an authority of this name, but it did not sign {what}: it has another key."
            )
            remedy = (
                "Either the authority was set up again, or another authority has its name and may be an "
                f"attacker's. If it is yours: {_TRUSTING[role]}"
            )
            return _advice(cause, remedy, f"{show}; compare serial number and key identifier", known)
        case TlsFault.EXPIRED:
            return _advice(f"The client found that {what} has expired.", renew, show, known)
        case TlsFault.NOT_YET_VALID:
            remedy = f"Compare the clocks (utils ntp status). {renew}"
            return _advice(f"By the client's clock {what} is not valid yet.", remedy, show, known)
        case TlsFault.NAME:
            remedy = (
                "Have the client use a name that is in the certificate, or put the name that it uses (the "
                f"Server entry under System > Server, its FQDN) into the subject alternative names. {renew}"
            )
            return _advice(
                f"{what[0].upper()}{what[1:]} does not contain the name that the client dialled.",
                remedy,
                show,
                known,
            )
        case TlsFault.PURPOSE:
            remedy = f"The certificate needs the extended key usage serverAuth. {renew}"
            return _advice(f"{what[0].upper()}{what[1:]} may not be used by a server.", remedy, show, known)
        case TlsFault.WEAK:
            cause = f"The client finds the key or the signature of {what} (or of its issuer) too weak."
            return _advice(cause, f"Use RSA of 2048 bits or more with SHA-256. {renew}", show, "observed")
        case TlsFault.REVOKED:
            cause = f"The client finds {what} revoked, or could not get a current revocation list."
            return _advice(cause, renew, show, "observed")
        case _:
            cause = (
                f"The client refuses {what}: its issuer, validity, name or usage; the client's log says which."
            )
            return _advice(cause, f"{_TRUSTING[role]} Otherwise: {renew}", show, "assumed")


def _server_refused(fault: TlsFault, role: str) -> Advice:
    """Return the advice for a server that refuses the client's certificate, or requires one and gets none."""
    who, trusting, show = _CLIENTS[role]
    known: Mark = "documented" if role in ("mra", "sips") else "assumed"
    server = {"edge": "The Expressway", "traversal": "Expressway-E"}.get(role, "UCM")
    match fault:
        case TlsFault.NO_CERTIFICATE:
            remedy = {
                "mra": "Only an Expressway-C may use this port; phones use the phone OAuth port. An "
                "Expressway that sends no certificate has none with clientAuth. " + _EKU,
                "traversal": "Only its own Expressway-C may use this port. An Expressway-C that sends no "
                "certificate has none with clientAuth. " + _EKU,
                "sips": "Install a locally significant certificate through CAPF, or enable OAuth on the "
                "device's security profile so that it uses the OAuth port.",
            }.get(role, "Give the client a certificate from an authority that the server trusts.")
            return _advice(
                f"{server} demands a client certificate on this port, but none was presented.",
                remedy,
                show,
                known,
            )
        case TlsFault.UNKNOWN_CA:
            cause = f"{server} does not trust the authority that signed {who}."
            return _advice(cause, trusting, f"{show}; {_seen_at(role)}", known)
        case TlsFault.EXPIRED:
            return _advice(f"{who[0].upper()}{who[1:]} has expired.", _renew(role), _see_client(role), known)
        case TlsFault.NOT_YET_VALID:
            remedy = f"Compare the clocks (utils ntp status on UCM). {_renew(role)}"
            return _advice(f"{who[0].upper()}{who[1:]} is not valid yet.", remedy, _see_client(role), known)
        case TlsFault.PURPOSE:
            cause = f"{who[0].upper()}{who[1:]} has no clientAuth among its extended key usages."
            return _advice(
                cause, _EKU if role in ("mra", "traversal") else _renew(role), _see_client(role), known
            )
        case TlsFault.WEAK:
            cause = f"{server} finds the key or the signature of {who} too weak."
            remedy = f"Use RSA of 2048 bits or more with SHA-256. {_renew(role)}"
            return _advice(cause, remedy, _see_client(role), "observed")
        case TlsFault.SAME_NAME:
            cause = f"{server} trusts an authority of this name, but it did not sign {who}: it has another key."
            remedy = (
                "Either the authority was set up again, or another authority has its name. "
                f"If it is yours: {trusting}"
            )
            return _advice(cause, remedy, f"{show}: compare serial number and key identifier", known)
        case TlsFault.REVOKED:
            cause = f"{who[0].upper()}{who[1:]} is revoked, or no current revocation list was available."
            return _advice(cause, _renew(role), _see_client(role), "observed")
        case TlsFault.SIGNATURE:
            cause = f"The signature of {who}, or the proof that the client has its key, is wrong."
            return _advice(cause, _renew(role), _see_client(role), "observed")
        case _:
            cause = f"{server} refuses {who}: its issuer, validity, signature or usage."
            return _advice(cause, f"{trusting} Otherwise: {_renew(role)}", show, "assumed")


def _renew(role: str) -> str:
    return {
        "mra": "Have Expressway-C's certificate signed again (Maintenance > Security > Server certificate) and "
        "restart the Expressway; if the issuer has changed, UCM needs the new one in tomcat-trust.",
        "traversal": "Have Expressway-C's certificate signed again (Maintenance > Security > Server "
        "certificate).",
        "sips": "Renew the LSC through CAPF.",
    }.get(role, "Renew the client's certificate.")


def _see_client(role: str) -> str:
    return {
        "mra": _SHOW_EXPRESSWAY,
        "traversal": _SHOW_EXPRESSWAY,
        "sips": "Device > Phone > Certification Authority Proxy Function information: certificate status",
    }.get(role, _CAPTURE)


def _seen_at(role: str) -> str:
    return {"mra": _EVENT_LOG, "traversal": _TRAVERSAL_LOG}.get(role, _CAPTURE)


def _advice(cause: str, remedy: str, verify: str, mark: Mark) -> Advice:
    return Advice(
        cause=cause,
        remedy=remedy,
        verify=verify,
        mark=mark,
        source="sip-wire 2, R13; tls-alerts.md (alerts measured)",
    )


_ABOUT_NEITHER: dict[TlsFault, Advice] = {
    TlsFault.VERSION: _advice(
        "The two ends have no TLS version in common.",
        "Have the client support TLS 1.2. On UCM `set tls min-version` raises the minimum for both SIP and "
        "HTTPS.",
        "show tls min-version on the node; the ClientHello in a capture lists what the client offers",
        "assumed",
    ),
    TlsFault.NO_COMMON_CIPHER: _advice(
        "The two ends have no cipher suite in common, or the server sends this alert for another reason.",
        "Compare the suites: UCM's are set by the enterprise parameter TLS Ciphers, Expressway's by "
        "xConfiguration Ciphers. TLS 1.2 servers that demand a client certificate send the same "
        "alert if they get none.",
        "the ClientHello in a capture; System > Enterprise Parameters: TLS Ciphers",
        "assumed",
    ),
    TlsFault.NOT_TLS: _advice(
        "What arrived is not TLS: the client speaks plain text to a secure port.",
        "Have the client use TLS, or the plain SIP port 5060 with a non-secure profile.",
        "the first bytes in a capture; the device's cnf.xml: transportLayerProtocol and its ports",
        "observed",
    ),
    TlsFault.NO_TLS_THERE: _advice(
        "The port speaks plain SIP: it received a ClientHello instead of a SIP message, and closed the "
        "connection.",
        "Have the client dial the port that its cnf.xml names for its mode: sipOAuthPort with sipOAuthMode 1, "
        "securedSipPort with an LSC. If the client is configured by hand, change the transport and the port "
        "together.",
        "the first bytes in a capture of the port are 16 03 01; openssl s_client -connect <node>:<port> gets "
        "no certificate; show open ports regexp <port> on the node",
        "observed",
    ),
    TlsFault.TIMED_OUT: _advice(
        "The handshake was not finished in time: one end fell silent in the middle of it.",
        "Check what is in between (a path MTU too small for the first large packet, a firewall, a device that "
        "inspects TLS), then the load on the node. An unknown address is usually a port scanner.",
        "a capture at both ends shows the last message that arrives; ping with 1472 bytes and no fragments",
        "assumed",
    ),
    TlsFault.LEFT_SILENTLY: _advice(
        "The peer closed the connection during the handshake without an alert. Stacks that refuse a "
        "certificate silently do this (Python's asyncio, some Java clients), and so do port scanners and "
        "health checks.",
        "Look in the client's own log for the reason; usually it does not trust the server's certificate.",
        "a capture shows FIN or RST right after the server's Certificate message; show cert own tomcat on the "
        "node",
        "observed",
    ),
    TlsFault.OTHER: _advice(
        "One end ended the handshake for a reason that does not concern a certificate.",
        "The alert's name is the best clue; look at the logs of both ends at the time of the alert.",
        _CAPTURE,
        "assumed",
    ),
}
