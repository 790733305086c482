"""What a REGISTER says, read once: the Contact's Cisco parameters, the AoR, the alarm in Reason.

Refreshes repeat everything but Via, CSeq and Date to the byte, so readings are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from registrar.core.cluster.bindings import same_address
from registrar.core.register.remotecc import RegisterOptions, read_options
from simulator.core.sip import (
    STAR,
    NameAddr,
    Request,
    SipUri,
    parse_cseq,
    validate_request,
)
from simulator.core.sip.fields import MAX_DELTA, check_via, parse_number

# All spellings seen: Jabber and phones, CIPC. [observed: sip-wire 3.1]
_DEVICE_NAME_PARAMS = ("+u.sip!devicename.ccm.cisco.com", "+u.sip!devicename.ccm.features.cisco.com")
_INSTANCE_MAC = re.compile(r"(?i)^<urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-([0-9a-f]{12})>$")
_ALARM = re.compile(r'text="cisco-alarm:(\d{1,4})\b')

TAKEOVER_ALARM = 111
"""Last=Application-Requested-Destroy: the user chose to sign the other client out. [observed: sip-wire 5]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """One Contact address."""

    text: str
    """As received, to be echoed."""
    uri: SipUri
    device: str | None
    """The device's name; from the MAC in +sip.instance (SEP<mac>) if no parameter names it."""
    instance: str | None
    """+sip.instance; None if absent or all zeros."""
    expires: int | None
    """The Contact's own expires parameter."""
    keep_alive: bool
    """`;cisco-keep-alive`: a standby keep-alive that touches no binding. [read in code: sip-wire 4]"""

    def same_address(self, other: SipUri) -> bool:
        """Does the Contact have the user, host and port of `other`?"""
        return self.uri is other or same_address(self.uri, other)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRegister:
    """What a REGISTER says, apart from what differs in every one (Via, CSeq, Date, credentials)."""

    aor: str = ""
    """Address of record, e.g. sip:1010@ucm-pub.example.com."""
    dn: str = ""
    """Its user part."""
    from_: str = ""
    to: str = ""
    call_id: str = ""
    """The three header fields' values."""
    contact: ContactFacts | None = None
    """None without a Contact, for `Contact: *` and for several."""
    star: bool = False
    contacts: int = 0
    """How many addresses Contact holds."""
    expires: int | None = None
    """Seconds asked for, by the Contact's parameter or the header field; None if neither says."""


UNREAD = ParsedRegister()
COPIED = ("via", "from", "to", "call-id", "cseq")
"""What a response copies from its request (RFC 3261 8.2.6.2)."""
ResponseHeaders = tuple[str, str, str, str, str]
_READ = (*COPIED, "contact", "expires", "max-forwards")
_REMEMBERED = 16_384


class RegisterReader:
    """Reads REGISTERs, and remembers readings: a phone's requests repeat all but Via and CSeq to the byte."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, ...], ParsedRegister] = {}

    def read(self, request: Request) -> tuple[ParsedRegister, int, ResponseHeaders]:
        """Return what a REGISTER says, its CSeq number, and what its response copies.

        Raises RemoteProtocolError for what `validate_request` or a field refuses.
        """
        headers = request.headers
        via, from_, to, call_id, cseq, contact, expires, hops = headers.firsts(_READ)
        key = (request.uri_text, from_, to, call_id, contact, expires, hops, request.version)
        known = self._known.get(key)
        if known is not None and not headers.has_repetitions and via is not None and cseq is not None:
            check_via(via)
            number, method = parse_cseq(cseq)
            if method == "REGISTER":
                return known, number, (via, known.from_, known.to, known.call_id, cseq)
        validate_request(request)
        reading = _read(request)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        if not headers.has_repetitions:
            self._known[key] = reading
        return reading, request.cseq.number, (via or "", reading.from_, reading.to, reading.call_id, cseq or "")


def _read(request: Request) -> ParsedRegister:
    to = request.to.uri
    dn = to.unescaped_user or ""
    contacts = request.contacts
    star = contacts is STAR
    contact = None
    if contacts is not STAR and len(contacts) == 1:
        contact = _contact_facts(request.headers.fields("contact")[0], contacts[0])
    expires = contact.expires if contact is not None else None
    return ParsedRegister(
        aor=f"{to.scheme}:{dn}@{to.host}",
        dn=dn,
        from_=request.headers.single("From"),
        to=request.headers.single("To"),
        call_id=request.call_id,
        contact=contact,
        star=star,
        contacts=1 if contacts is STAR else len(contacts),
        expires=request.expires if expires is None else expires,
    )


def _contact_facts(text: str, contact: NameAddr) -> ContactFacts:
    instance = contact.param("+sip.instance")
    mac = _INSTANCE_MAC.match(instance) if instance else None
    if mac is not None and not mac[1].strip("0"):
        instance = mac = None
    names = (contact.param(name) for name in _DEVICE_NAME_PARAMS)
    device = next((name for name in names if name), None)
    if device is None and mac is not None:
        device = f"SEP{mac[1].upper()}"
    expires = contact.param("expires")
    return ContactFacts(
        text=text,
        uri=contact.uri,
        device=device,
        instance=instance or None,
        # One that is no number counts as absent (RFC 3261 20.10 would make it 3600).
        expires=parse_number(expires, "expires", MAX_DELTA) if expires and expires.isdecimal() else None,
        keep_alive=contact.param("cisco-keep-alive") is not None,
    )


def alarm_of(request: Request) -> int | None:
    """Return the number N of `Reason: SIP;cause=200;text="cisco-alarm:N ..."`."""
    for reason in request.headers.get_all("reason"):
        match = _ALARM.search(reason)
        if match is not None:
            return int(match[1])
    return None


def supports(request: Request, *tags: str) -> bool:
    """Does Supported list one of these option tags (lower case)?"""
    offered = {tag.lower() for tag in request.headers.get_all("supported")}
    return not offered.isdisjoint(tags)


def options_of(request: Request) -> RegisterOptions:
    """Read what the bodies of a REGISTER ask for."""
    return read_options(request.headers.get("content-type"), request.body)
