"""What a REGISTER says, read once: the Contact's Cisco parameters, the AoR, the alarm in Reason.

Refreshes repeat their Contact and To to the byte, so readings are kept by text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from registrar.core.remotecc import RegisterOptions, read_options
from simulator.core.sip import STAR, NameAddr, Request, SipUri, parse_contacts, parse_name_addr

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
        """The same user, host and port: what a refresh must keep. [documented: sip-wire 4]"""
        uri = self.uri
        return uri is other or (uri.user, uri.host, uri.port) == (other.user, other.host, other.port)


class ManyContacts(ValueError):
    """More than one Contact address."""


def read_contact(request: Request) -> ContactFacts | None:
    """None without a Contact, or for `Contact: *` (see `is_star`). Raises RemoteProtocolError, ManyContacts."""
    values = request.headers.fields("contact")
    if len(values) == 1:
        return _read(values[0])
    if not values:
        return None
    raise ManyContacts(f"{len(values)} Contact header fields")


def is_star(request: Request) -> bool:
    """Raises RemoteProtocolError."""
    return request.contacts is STAR


@lru_cache(maxsize=16_384)
def _read(text: str) -> ContactFacts | None:
    contacts = parse_contacts(text)
    if contacts is STAR:
        return None
    if len(contacts) != 1:
        raise ManyContacts(f"{len(contacts)} Contact addresses")
    return _facts(text, contacts[0])


def _facts(text: str, contact: NameAddr) -> ContactFacts:
    instance = contact.param("+sip.instance")
    mac = _INSTANCE_MAC.match(instance) if instance else None
    if instance and not re.search(r"[1-9a-fA-F]", instance.removeprefix("<urn:uuid:")):
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
        # 10.2.1.1, 20.10: an expires that is no number counts as 3600 there; here as absent.
        expires=min(int(expires), 2**32 - 1) if expires and expires.isdecimal() and len(expires) < 20 else None,
        keep_alive=contact.param("cisco-keep-alive") is not None,
    )


@lru_cache(maxsize=16_384)
def read_aor(to: str) -> tuple[str, str]:
    """(address of record, directory number) of a To value. Raises RemoteProtocolError."""
    uri = parse_name_addr(to).uri
    user = uri.unescaped_user or ""
    return f"{uri.scheme}:{user}@{uri.host}", user


def alarm_of(request: Request) -> int | None:
    """The number N of `Reason: SIP;cause=200;text="cisco-alarm:N ..."`."""
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
    return read_options(request.headers.get("content-type"), request.body)
