"""The phone's requests, byte for byte as Jabber writes them: REGISTER in its four uses, and the fallback REFER.

Templates T1, T3, T6-T9 of sip-wire 10; header order and field forms of 3.1; the REGISTER body of 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Address, Transport
from simulator.core.instant import Instant, sip_date
from simulator.core.sip.headers import Headers
from simulator.core.sip.message import Request

SUPPORTED = (
    "replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,X-cisco-serviceuri,"
    "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,X-cisco-config,"
    "X-cisco-sis-7.0.0,X-cisco-xsi-8.5.1,X-cisco-graceful-reg,X-cisco-duplicate-reg"
)
"""Of Jabber 12.8. [observed: S1]"""

_PART_HEAD = (
    "--uniqueBoundary\r\n"
    "Content-Type: application/x-cisco-remotecc-request+xml\r\n"
    "Content-Disposition: session;handling=optional\r\n"
    "\r\n"
)
_BULK = """<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
<bulkregisterreq>
<contact all="true">
<register></register>
</contact>
</bulkregisterreq>
</x-cisco-remotecc-request>
"""
_OPTIONS = """<?xml version="1.0" encoding="UTF-8"?>
<x-cisco-remotecc-request>
  <optionsind>
    <combine max="6">
      <remotecc>
        <status></status>
      </remotecc>
      <service-control></service-control>
    </combine>
    <dialog usage="hook status">
      <unot></unot>
      <sub></sub>
    </dialog>
    <dialog usage="shared line">
      <unot></unot>
      <sub></sub>
    </dialog>
    <presence usage="blf speed dial">
      <unot></unot>
      <sub></sub>
    </presence>
    <joinreq></joinreq>
    <cfwdall-anyline></cfwdall-anyline>
    <coaching></coaching>
    <oosalarm></oosalarm>
    <x-cisco-number></x-cisco-number>
    <bfcp></bfcp>
    <ix></ix>
    <gatewayrecording></gatewayrecording>
    <conferenceDisplayInstance></conferenceDisplayInstance>
  </optionsind>
</x-cisco-remotecc-request>"""
REGISTER_BODY = f"{_PART_HEAD}{_BULK}\r\n{_PART_HEAD}{_OPTIONS}\r\n--uniqueBoundary--\r\n".encode()
"""1271 bytes: CRLF in the MIME framing, LF inside the XML. [verified length: sip-wire 3.4]"""


@dataclass(frozen=True, slots=True)
class JabberAlarm:
    """What the Reason header of a registration says about the end of the last one (sip-wire 3.1)."""

    number: int
    text: str


INITIALIZED = JabberAlarm(25, "initialized")
CLOSED_BY_UCM = JabberAlarm(14, "cm-closed-tcp")
RESTARTED = JabberAlarm(23, "reset-restart")
TAKEOVER = JabberAlarm(111, "Application-Requested-Destroy")
# The numbers are catalogued; these texts were never seen on the wire. [assumed]
FALLEN_BACK = JabberAlarm(18, "TCPclosedConnectHighPriorityUcm")
TIMED_OUT = JabberAlarm(10, "TCPtimedOut")
REJECTED = JabberAlarm(24, "TCPClosedRegistrationReject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who the phone is on one connection."""

    node: str
    """Host of the Request-URI, From and To: the node as the configuration names it, never with a port."""
    number: str
    contact_user: str
    local: Address
    transport: Transport
    device: str
    model: int
    mac: str
    user_agent: str
    load: str
    mra: bool = False
    route: str | None = None

    @property
    def local_host(self) -> str:
        return f"[{self.local.host}]" if ":" in self.local.host else self.local.host

    @property
    def uri(self) -> str:
        return f"sip:{self.contact_user}@{self.local_host}:{self.local.port};transport={self.transport}"

    @property
    def contact(self) -> str:
        mra = ";x-cisco-mra-ha=AR_SK;x-cisco-reg-id=1" if self.mra else ""  # [observed: S8]
        return (
            f'<{self.uri}>;+sip.instance="<urn:uuid:00000000-0000-0000-0000-{self.mac}>"'
            f';+u.sip!devicename.ccm.cisco.com="{self.device}";+u.sip!model.ccm.cisco.com="{self.model}";video{mra}'
        )

    def via(self, branch: str) -> str:
        """Return the value of the Via header."""
        return f"SIP/2.0/{self.transport.upper()} {self.local_host}:{self.local.port};branch={branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The identifiers of one request."""

    call_id: str
    tag: str
    cseq: int
    branch: str


def register(caller: Caller, ids: Ids, *, expires: int, alarm: JabberAlarm | None, now: Instant) -> Request:
    """Return a REGISTER: T1, or T6 without `alarm`; with a token from `dialect.authorize` it is T3.

    Expires 0 makes T7, which has no body. [assumed: T7]
    """
    fields = _register_head(caller, ids, caller.contact, now)
    fields.append(("Supported", SUPPORTED))
    if alarm is not None:
        fields.append(
            (
                "Reason",
                f'SIP;cause=200;text="cisco-alarm:{alarm.number} Name={caller.device} ActiveLoad={caller.load} '
                f'InactiveLoad={caller.load} Last={alarm.text}"',
            )
        )
    fields.append(("Expires", str(expires)))
    body = REGISTER_BODY if expires else b""
    if body:
        fields += [("Content-Type", "multipart/mixed; boundary=uniqueBoundary"), ("Mime-Version", "1.0")]
    fields.append(("Content-Length", str(len(body))))
    return Request("REGISTER", f"sip:{caller.node}", Headers(fields), body)


def keep_alive(caller: Caller, ids: Ids, *, now: Instant) -> Request:
    """Return T8, which asks a standby node whether it is there. [read in client code: S13, S15]"""
    fields = _register_head(caller, ids, f"{caller.contact};expires=0;cisco-keep-alive", now)
    fields += [("Supported", SUPPORTED), ("Expires", "0"), ("Content-Length", "0")]
    return Request("REGISTER", f"sip:{caller.node}", Headers(fields))


def token_registration(caller: Caller, ids: Ids, *, now: Instant) -> Request:
    """Return T9, which asks a better node for leave to come back. [read in client code: S13]"""
    who = f'"{caller.number}" <sip:{caller.number}@{caller.local_host}>'
    fields = [
        ("Via", caller.via(ids.branch)),
        ("From", f"{who};tag={ids.tag}"),
        ("To", f"<sip:{caller.node}>"),
        ("Call-ID", ids.call_id),
        ("Date", sip_date(now)),
        ("CSeq", f"{ids.cseq} REFER"),
        ("User-Agent", caller.user_agent),
        ("Expires", "10"),
        ("Max-Forwards", "70"),
        ("Contact", f'<{caller.uri}>;+u.sip!devicename.ccm.cisco.com="{caller.device}"'),
        ("Require", "norefersub"),
        ("Referred-By", who),
        ("Refer-To", "<urn:X-cisco-remotecc:token-registration>"),
        ("Content-Length", "0"),
    ]
    return Request("REFER", f"sip:{caller.node}", Headers(fields))


def _register_head(caller: Caller, ids: Ids, contact: str, now: Instant) -> list[tuple[str, str]]:
    address = f"<sip:{caller.number}@{caller.node}>"
    fields = [("Via", caller.via(ids.branch))]
    if caller.route is not None:
        fields.append(("Route", caller.route))  # MRA: from the edge configuration [assumed: sip-wire 8.1]
    return [
        *fields,
        ("From", f"{address};tag={ids.tag}"),
        ("To", address),
        ("Call-ID", ids.call_id),
        ("Max-Forwards", "70"),
        ("Date", sip_date(now)),
        ("CSeq", f"{ids.cseq} REGISTER"),
        ("User-Agent", caller.user_agent),
        ("Contact", contact),
    ]
