"""The REGISTERs of a Jabber, prebuilt as bytes: what changes from one request to the next is spliced in.

Own composition after sip-wire 10 (T1 first REGISTER, T3 with token, T6 refresh without Reason) and 3.4 (body).
"""

from __future__ import annotations

from dataclasses import dataclass

NODE = "ucm-pub.example.com"
_SUPPORTED = (
    "replaces,join,sdp-anat,norefersub,resource-priority,extended-refer,X-cisco-callinfo,X-cisco-serviceuri,"
    "X-cisco-escapecodes,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-monrec,X-cisco-config,"
    "X-cisco-sis-7.0.0,X-cisco-xsi-8.5.1,X-cisco-graceful-reg,X-cisco-duplicate-reg"
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<x-cisco-remotecc-request>\n'
_PART = (
    "--uniqueBoundary\r\nContent-Type: application/x-cisco-remotecc-request+xml\r\n"
    "Content-Disposition: session;handling=optional\r\n\r\n"
)
_OPTIONS = "".join(
    f"    <{name}></{name}>\n"
    for name in (
        "joinreq",
        "cfwdall-anyline",
        "coaching",
        "oosalarm",
        "x-cisco-number",
        "bfcp",
        "ix",
        "gatewayrecording",
        "conferenceDisplayInstance",
    )
)
BODY = (
    f'{_PART}{_XML}<bulkregisterreq>\n<contact all="true">\n<register></register>\n</contact>\n'
    "</bulkregisterreq>\n</x-cisco-remotecc-request>\n\r\n"
    f"{_PART}{_XML}  <optionsind>\n"
    '    <combine max="6">\n      <remotecc>\n        <status></status>\n      </remotecc>\n'
    "      <service-control></service-control>\n    </combine>\n"
    '    <dialog usage="hook status">\n      <unot></unot>\n      <sub></sub>\n    </dialog>\n'
    '    <dialog usage="shared line">\n      <unot></unot>\n      <sub></sub>\n    </dialog>\n'
    '    <presence usage="blf speed dial">\n      <unot></unot>\n      <sub></sub>\n    </presence>\n'
    f"{_OPTIONS}"
    "  </optionsind>\n</x-cisco-remotecc-request>\r\n--uniqueBoundary--\r\n"
)


@dataclass(frozen=True, slots=True)
class Splice:
    """One request without its Via branch and CSeq number."""

    before_branch: bytes
    before_cseq: bytes
    rest: bytes

    def request(self, cseq: int) -> bytes:
        return b"%bz9hG4bK%08x%b%d%b" % (self.before_branch, cseq, self.before_cseq, cseq, self.rest)


@dataclass(frozen=True, slots=True)
class PhoneId:
    """The index-th phone of the benchmark: device, user and line follow from the number."""

    index: int

    @property
    def device(self) -> str:
        return f"CSFBENCH{self.index:05d}"

    @property
    def user(self) -> str:
        return f"user{self.index:05d}"

    @property
    def line(self) -> str:
        return str(100_000 + self.index)

    @property
    def mac(self) -> str:
        return f"8823{self.index:08x}"

    def splice(self, token: str | None = None, *, first: bool = False, body: str = BODY) -> Splice:
        """REGISTER with or without token; `first` adds the Reason that only the first one carries."""
        mac = self.mac
        head = f"REGISTER sip:{NODE} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:62162;branch="
        middle = (
            f"\r\nFrom: <sip:{self.line}@{NODE}>;tag={mac}089000003bdd-00005eff\r\n"
            f"To: <sip:{self.line}@{NODE}>\r\n"
            f"Call-ID: {mac[:8]}-{mac[8:]}0017-00001c0b-00000cfa@127.0.0.1\r\n"
            "Max-Forwards: 70\r\n"
            "Date: Mon, 30 Mar 2020 11:03:19 GMT\r\n"
            "CSeq: "
        )
        credentials = f'Proxy-Authorization: Bearer token="{token}"\r\n' if token else ""
        load = "Jabber_for_Windows-12.8.0.51973"
        reason = (
            f'Reason: SIP;cause=200;text="cisco-alarm:25 Name={self.device} ActiveLoad={load} '
            f'InactiveLoad={load} Last=initialized"\r\n'
            if first
            else ""
        )
        rest = (
            " REGISTER\r\nUser-Agent: Cisco-CSF\r\n"
            f"Contact: <sip:a8ae9f92-4b07-a0d7-d701-{mac}@127.0.0.1:62162;transport=tls>;"
            f'+sip.instance="<urn:uuid:00000000-0000-0000-0000-{mac}>";'
            f'+u.sip!devicename.ccm.cisco.com="{self.device}";+u.sip!model.ccm.cisco.com="503";video\r\n'
            f"{credentials}Supported: {_SUPPORTED}\r\n{reason}Expires: 3600\r\n"
            "Content-Type: multipart/mixed; boundary=uniqueBoundary\r\nMime-Version: 1.0\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        return Splice(head.encode(), middle.encode(), rest.encode())
