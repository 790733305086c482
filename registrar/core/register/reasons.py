"""Every reason for which this registrar refuses a request, in one total table: the answer on the wire, the
cause that an administrator sees, how certain the answer is, and what to do about it.

A trace in which a real UCM behaves differently corrects one row here. The texts are our own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from registrar.core.cluster.causes import FailCause
from simulator.core.mark import Mark


class Reason(StrEnum):
    """Why a request is refused. Events carry the value."""

    MALFORMED = "malformed"
    BAD_REQUEST = "bad_request"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NO_DIALOG = "no_dialog"
    THROTTLED = "throttled"
    MUTUAL_TLS_ON_OAUTH_PORT = "mutual_tls_on_oauth_port"
    PEER_NOT_IN_TABLE = "peer_not_in_table"
    OAUTH_MODE_OFF = "oauth_mode_off"
    DEVICE_UNKNOWN = "device_unknown"
    PROFILE_NOT_OAUTH = "profile_not_oauth"
    NOT_OAUTH_DEVICE_ON_MRA_PORT = "not_oauth_device_on_mra_port"
    OAUTH_DEVICE_ON_LEGACY_PORT = "oauth_device_on_legacy_port"
    SECURE_DEVICE_ON_PLAIN_PORT = "secure_device_on_plain_port"
    PLAIN_DEVICE_ON_SECURE_PORT = "plain_device_on_secure_port"
    LSC_MISSING = "lsc_missing"
    LSC_NAME_MISMATCH = "lsc_name_mismatch"
    MULTIPLE_CREDENTIALS = "multiple_credentials"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no password
    TOKEN_FORBIDDEN = "token_forbidden"  # noqa: S105
    SUBJECT_DEVICE_MISMATCH = "subject_device_mismatch"
    LINE_UNKNOWN = "line_unknown"
    DN_MISMATCH = "dn_mismatch"
    STAR_WITH_EXPIRES = "star_with_expires"
    STAR_UNSUPPORTED = "star_unsupported"
    TOO_MANY_CONTACTS = "too_many_contacts"
    EXPIRES_TOO_BRIEF = "expires_too_brief"
    CSEQ_OUT_OF_ORDER = "cseq_out_of_order"
    CONTACT_MISMATCH = "contact_mismatch"
    ACTIVE_FOR_ANOTHER_CLIENT = "active_for_another_client"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRule:
    """One row: the answer for one Reason."""

    status: int
    phrase: str
    warning: str | None = None
    """Text of `Warning: 399 <node> "<text>"`."""
    retry_after: bool = False
    """Carries Retry-After; its seconds are `RegistrarPolicy.retry_after`."""
    cause: FailCause
    mark: Mark
    source: str
    """Where the answer is described, or why it is assumed."""
    explanation: str
    remedy: str
    verify: str
    """How to see it on a real UCM."""


PORT_MISMATCH_TEXT = "SIP OAuth Registration port Mismatch"
"""Warning text, literally. [observed: sip-wire R2]"""
TLS_TEXT = "TLS authentication failure"
"""Warning text, literally. [observed: sip-wire R7]"""
ANOTHER_CLIENT_TEXT = "Registration is active for another client"
"""Warning text, literally. [observed: sip-wire R8]"""

_SHOW_MODE = "run sql select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'"
_SHOW_PROFILE = (
    "the device's profile under System > Security > Phone Security Profile: Enable OAuth Authentication"
)
_SHOW_DEVICE = "Device > Phone, or AXL getPhone with the name from the REGISTER's Contact"
_SHOW_SDL = "the CallManager SDL trace around the REGISTER's Call-ID"
_PHONE_LOG = "the phone's own log, for the message as it was sent"


def _port_mismatch(mark: Mark, source: str, explanation: str, remedy: str, verify: str) -> ReplyRule:
    return ReplyRule(
        status=403,
        phrase="Forbidden",
        warning=PORT_MISMATCH_TEXT,
        retry_after=True,
        cause=FailCause.SECURITY_MISMATCH,
        mark=mark,
        source=source,
        explanation=explanation,
        remedy=remedy,
        verify=verify,
    )


REPLIES: Mapping[Reason, ReplyRule] = MappingProxyType(
    {
        Reason.MALFORMED: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.MALFORMED_REGISTER_MSG,
            mark="assumed",
            source="RFC 3261 16.3, 18.3; the cause is CISCO-CCM-MIB's malformedRegisterMsg",
            explanation="The bytes are not a SIP message. If they cannot be answered, the connection is "
            "closed.",
            remedy="Check the sender (Content-Length, line ends, incomplete messages), and any device in "
            "between that rewrites SIP.",
            verify="utils network capture port <port> on the node shows the bytes as they arrived",
        ),
        Reason.BAD_REQUEST: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.MALFORMED_REGISTER_MSG,
            mark="assumed",
            source="RFC 3261 8.1.1, 10.3; the cause is CISCO-CCM-MIB's malformedRegisterMsg",
            explanation="A mandatory field of the SIP request is missing, repeated or malformed.",
            remedy="Compare the request with a trace of a working client; the detail names the field.",
            verify=_SHOW_SDL,
        ),
        Reason.METHOD_NOT_ALLOWED: ReplyRule(
            status=405,
            phrase="Method Not Allowed",
            cause=FailCause.NO_ERROR,
            mark="assumed",
            source="RFC 3261 8.2.1; the simulator registers phones, it makes no calls",
            explanation="This simulated node does not serve the method.",
            remedy="Use REGISTER, OPTIONS or REFER; calls are outside the simulator's scope.",
            verify="a real UCM serves calls, so there is nothing to compare",
        ),
        Reason.NO_DIALOG: ReplyRule(
            status=481,
            phrase="Call/Transaction Does Not Exist",
            cause=FailCause.NO_ERROR,
            mark="assumed",
            source="RFC 3261 12.2.2",
            explanation="The request is for a dialog (To has a tag) or transaction that does not exist.",
            remedy="The dialog has ended, or belongs to another node: the client must drop it.",
            verify=_SHOW_SDL,
        ),
        Reason.THROTTLED: ReplyRule(
            status=503,
            phrase="Service Unavailable",
            retry_after=True,
            cause=FailCause.MAX_DEV_REG_EXCEEDED,
            mark="assumed",
            source="sip-wire R12: the phone's SIP stack handles 503 with Retry-After",
            explanation="The node is overloaded and accepts no registrations at present.",
            remedy="Wait for Retry-After; spread the devices over more nodes.",
            verify="RTMT: Code Yellow, ThrottleCount and ThrottleState",
        ),
        Reason.MUTUAL_TLS_ON_OAUTH_PORT: _port_mismatch(
            "documented",
            "sip-wire R2 (c)",
            "The phone OAuth port was reached over mutual TLS: the client presented a certificate in the "
            "handshake.",
            "Have the client connect without a certificate; Expressway-C belongs on the MRA OAuth port.",
            "a capture of the handshake: the client must not send a Certificate message",
        ),
        Reason.PEER_NOT_IN_TABLE: ReplyRule(
            status=403,
            phrase="Forbidden",
            warning=TLS_TEXT,
            cause=FailCause.INVALID_X509_NAME_IN_CERTIFICATE,
            mark="documented",
            source="sip-wire R14: the connection fails; closing without any SIP is assumed (Q11), the 403 is "
            "only sent if the policy says so",
            explanation="The certificate is trusted, but none of its names is in UCM's Expressway-C table.",
            remedy="Refresh the Unified CM servers on Expressway-C, or add its certificate name under Device > "
            "Expressway-C.",
            verify="run sql select * from expresswaycconfiguration; compare with Expressway-C's certificate",
        ),
        Reason.OAUTH_MODE_OFF: _port_mismatch(
            "documented",
            "sip-wire R2 (a)",
            "SIP OAuth mode was off when this node's CallManager service last started.",
            "Run utils sipOAuth-mode enable on the publisher, then restart CallManager on every node that runs "
            "it.",
            _SHOW_MODE,
        ),
        Reason.DEVICE_UNKNOWN: ReplyRule(
            status=404,
            phrase="Not Found",
            cause=FailCause.DATABASE_CONFIGURATION_ERROR,
            mark="documented",
            source="sip-wire R9: documented for digest phones; any Warning text is unknown, so none is sent",
            explanation="No device with the name in the Contact is configured in this cluster.",
            remedy="Add the device, or correct the name that the client uses (device names are compared "
            "exactly).",
            verify=_SHOW_DEVICE,
        ),
        Reason.PROFILE_NOT_OAUTH: _port_mismatch(
            "documented",
            "sip-wire R2 (b)",
            "The device's phone security profile does not have OAuth authentication enabled.",
            "Assign a profile with mode Encrypted, transport TLS and Enable OAuth Authentication checked, then "
            "reset the device.",
            _SHOW_PROFILE,
        ),
        Reason.NOT_OAUTH_DEVICE_ON_MRA_PORT: _port_mismatch(
            "assumed",
            "sip-wire R4: not published; the same mismatch as on the phone OAuth port",
            "A device without an OAuth profile came through Expressway-C to the MRA OAuth port.",
            "Enable OAuth in the device's profile, or refresh the servers on Expressway-C so that it "
            "uses the zone that fits the profile.",
            _SHOW_PROFILE,
        ),
        Reason.OAUTH_DEVICE_ON_LEGACY_PORT: _port_mismatch(
            "assumed",
            "sip-wire R3, Q4: not published; it is a registration port mismatch too",
            "A device with an OAuth profile registers on 5060 or 5061 although SIP OAuth mode is on.",
            "Have the client read its configuration again: sipOAuthMode 1 sends it to the OAuth port.",
            "the device's cnf.xml: sipOAuthMode and sipOAuthPort",
        ),
        Reason.SECURE_DEVICE_ON_PLAIN_PORT: ReplyRule(
            status=403,
            phrase="Forbidden",
            retry_after=True,
            cause=FailCause.SECURITY_MISMATCH,
            mark="assumed",
            source="sip-wire 11, Q4: 403 without the OAuth text, cause 28",
            explanation="A device with an Authenticated or Encrypted profile registers without TLS.",
            remedy="Have the client use the secure port, or give the device a non-secure profile.",
            verify=_SHOW_PROFILE.replace("Enable OAuth Authentication", "Device Security Mode"),
        ),
        Reason.PLAIN_DEVICE_ON_SECURE_PORT: ReplyRule(
            status=403,
            phrase="Forbidden",
            retry_after=True,
            cause=FailCause.SECURITY_MISMATCH,
            mark="assumed",
            source="the mirror image of sip-wire 11's 5060 row; not published",
            explanation="A device with a non-secure profile registers on the secure port.",
            remedy="Have the client use the plain SIP port, or give the device a secure profile.",
            verify=_SHOW_PROFILE.replace("Enable OAuth Authentication", "Device Security Mode"),
        ),
        Reason.LSC_MISSING: ReplyRule(
            status=403,
            phrase="Forbidden",
            warning=TLS_TEXT,
            cause=FailCause.AUTHENTICATION_ERROR,
            mark="observed",
            source="sip-wire R7: seen for a certificate that was not accepted",
            explanation="The secure port requires the phone's certificate, but the phone presented none.",
            remedy="Install a locally significant certificate through CAPF.",
            verify="certificate status under Device > Phone > Certification Authority Proxy Function "
            "information",
        ),
        Reason.LSC_NAME_MISMATCH: ReplyRule(
            status=403,
            phrase="Forbidden",
            warning=TLS_TEXT,
            cause=FailCause.INVALID_X509_NAME_IN_CERTIFICATE,
            mark="observed",
            source="sip-wire 2 (mixed mode 5061), R7",
            explanation="The presented certificate names neither the device nor its security profile.",
            remedy="Install the device's own certificate; for a proxy, put the profile's name into the SAN of "
            "its certificate.",
            verify="SDL trace: validTLSConnection with the received and the expected name",
        ),
        Reason.MULTIPLE_CREDENTIALS: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.AUTHENTICATION_ERROR,
            mark="assumed",
            source="RFC 6750 3.1 (invalid_request); oauth-tokens 9.1",
            explanation="The request carries more than one bearer credential.",
            remedy="Send one Proxy-Authorization field with one token.",
            verify=_PHONE_LOG,
        ),
        Reason.TOKEN_REFUSED: ReplyRule(
            status=403,
            phrase="Forbidden",
            cause=FailCause.AUTHENTICATION_ERROR,
            mark="assumed",
            source="sip-wire R5, Q1: not published",
            explanation="The token was refused, and a further challenge did not produce a better one.",
            remedy="The detail names the token's fault. Expired: have the client refresh it. Unknown key: "
            "restart CallManager after keys were regenerated, and have the client sign in again.",
            verify="show key authz signing, show key authz encryption and utils ntp status on each node",
        ),
        Reason.TOKEN_FORBIDDEN: ReplyRule(
            status=403,
            phrase="Forbidden",
            cause=FailCause.AUTHENTICATION_ERROR,
            mark="assumed",
            source="oauth-tokens 9.1, policy group: not published",
            explanation="The token is genuine, but its user, its scope or a revocation forbids the "
            "registration.",
            remedy="Check that the user exists and is active, and what the token was granted for.",
            verify="User Management > End User: the token's user id and its status",
        ),
        Reason.SUBJECT_DEVICE_MISMATCH: ReplyRule(
            status=403,
            phrase="Forbidden",
            cause=FailCause.AUTHORIZATION_ERROR,
            mark="assumed",
            source="sip-wire R6, Q16; administration 8.3",
            explanation="The token's user neither owns the device nor has it among the controlled devices.",
            remedy="Set the device's Owner User ID, or add it to the user's Controlled Devices.",
            verify="User Management > End User > Device Information, and Device > Phone > Owner User ID",
        ),
        Reason.LINE_UNKNOWN: ReplyRule(
            status=404,
            phrase="Not Found",
            cause=FailCause.DIRECTORY_NUMBER_MISMATCH,
            mark="assumed",
            source="sip-wire R10, 6.1",
            explanation="The directory number in To does not exist in the cluster.",
            remedy="Configure the number on the device, or have the client read its configuration again.",
            verify=_SHOW_DEVICE,
        ),
        Reason.DN_MISMATCH: ReplyRule(
            status=404,
            phrase="Not Found",
            cause=FailCause.DIRECTORY_NUMBER_MISMATCH,
            mark="assumed",
            source="sip-wire R10, 6.1",
            explanation="The directory number in To belongs to another device.",
            remedy="Configure the number on this device, or have the client read its own configuration again.",
            verify=_SHOW_DEVICE,
        ),
        Reason.STAR_WITH_EXPIRES: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.MALFORMED_REGISTER_MSG,
            mark="assumed",
            source="RFC 3261 10.3 step 6",
            explanation="Contact: * is allowed only on its own and with Expires: 0.",
            remedy="Give the Contact that is to be registered.",
            verify=_PHONE_LOG,
        ),
        Reason.STAR_UNSUPPORTED: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.MALFORMED_REGISTER_MSG,
            mark="documented",
            source="sip-wire 0.8: Contact: * is not supported; the status is assumed",
            explanation="UCM does not remove registrations by Contact: *.",
            remedy="Unregister with the same Contact and Expires: 0.",
            verify=_PHONE_LOG,
        ),
        Reason.TOO_MANY_CONTACTS: ReplyRule(
            status=400,
            phrase="Bad Request",
            cause=FailCause.MALFORMED_REGISTER_MSG,
            mark="assumed",
            source="sip-wire 4: a device has one binding, and only its own is returned",
            explanation="The request registers several Contacts at once.",
            remedy="Send one Contact in each REGISTER.",
            verify=_PHONE_LOG,
        ),
        Reason.EXPIRES_TOO_BRIEF: ReplyRule(
            status=423,
            phrase="Interval Too Brief",
            cause=FailCause.EXPIRES_TIME_TOO_SMALL,
            mark="documented",
            source="sip-wire R11; the minimum's value is assumed",
            explanation="The requested registration time is below the minimum.",
            remedy="Request at least the Min-Expires of the answer.",
            verify="System > Service Parameters > Cisco CallManager: SIP station timers",
        ),
        Reason.CSEQ_OUT_OF_ORDER: ReplyRule(
            status=500,
            phrase="Server Internal Error",
            cause=FailCause.REGISTRATION_SEQUENCE_ERROR,
            mark="assumed",
            source="RFC 3261 10.3 steps 6 and 7",
            explanation="The CSeq is not higher than that of the last request with this Call-ID.",
            remedy="Increase CSeq within one Call-ID; after a restart use a new Call-ID.",
            verify=_PHONE_LOG,
        ),
        Reason.CONTACT_MISMATCH: ReplyRule(
            status=500,
            phrase="Server Internal Error",
            cause=FailCause.REGISTRATION_SEQUENCE_ERROR,
            mark="documented",
            source="sip-wire 4: a refresh keeps Call-ID, Contact address and port; the 5xx is documented for "
            "UDP, assumed for one TCP or TLS connection",
            explanation="A refresh has a different Contact address or port from its registration.",
            remedy="Keep the Contact while registered; after an address change, start a new registration.",
            verify=_PHONE_LOG,
        ),
        Reason.ACTIVE_FOR_ANOTHER_CLIENT: ReplyRule(
            status=403,
            phrase="Forbidden",
            warning=ANOTHER_CLIENT_TEXT,
            cause=FailCause.AUTHENTICATED_DEVICE_ALREADY_EXISTS,
            mark="observed",
            source="sip-wire 5, R8",
            explanation="Another client is registered as this device.",
            remedy="Sign the other client out, or take over (cisco-alarm 111, Application-Requested-Destroy).",
            verify="Device > Phone: status and IP address of the registered client",
        ),
    }
)
"""Total over Reason: a test proves this, and that the state machine reaches every row."""
