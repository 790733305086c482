"""The bytes of UCM's responses: header order, tags, dates and bodies as in published traces (sip-wire 3.2).

407  Via From To Date Call-ID Server CSeq Proxy-Authenticate Content-Length
403  ... Server CSeq Retry-After Warning Content-Length
200  ... Server CSeq Expires Contact Supported Content-Type Content-Length
100  Via From To Date Call-ID CSeq Content-Length, no Server and no tag
202  ... Call-ID CSeq Contact Content-Length, no Server
"""

from __future__ import annotations

from functools import lru_cache

from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.reasons import ReplyRule
from registrar.core.register.remotecc import RESPONSE_TYPE, response_body
from registrar.core.register.request import COPIED, ResponseHeaders
from registrar.core.register.verdicts import Accepted
from simulator.core.entropy import Entropy
from simulator.core.instant import Instant, sip_date
from simulator.core.sip import REASON_PHRASES, RemoteProtocolError, Request

_TAG_MODULUS = 1 << 31
ALLOW = "REGISTER, OPTIONS, REFER"


class Unanswerable(Exception):
    """The request lacks what every response must copy (RFC 3261 8.2.6.2); nothing can be sent."""


class ReplyWriter:
    """Writes one node's responses. Methods raise Unanswerable, nothing else."""

    def __init__(self, node: str, policy: RegistrarPolicy, entropy: Entropy) -> None:
        self._node = node
        self._policy = policy
        self._entropy = entropy
        self._sis_level = policy.sis_level
        self._server = f"\r\nServer: Cisco-CUCM{policy.version}\r\nCSeq: "
        self._second = -1
        self._date = ""
        # A full-period congruential sequence (Knuth 3.2.1.2): decimal tags that never repeat, at no cost.
        self._tag = entropy.integer(0, _TAG_MODULUS - 1)
        self._checked = ("", "")

    def next_tag(self) -> str:
        """Return a new To-tag: plain decimal. [observed]"""
        self._tag = (1_103_515_245 * self._tag + 12_345) % _TAG_MODULUS
        return str(self._tag)

    def date(self, now: Instant) -> str:
        """Render the Date of a response, by the node's clock."""
        second = int(now)
        if second != self._second:
            self._second, self._date = second, sip_date(Instant(now + self._policy.clock_error))
        return self._date

    def trying(self, request: Request, source: str, now: Instant) -> bytes:
        """Render 100 Trying. `source` is the address the request came from, without the port."""
        via, from_, to, call_id, cseq = copied_from(request)
        return (
            f"SIP/2.0 100 Trying\r\nVia: {self._vias(request, via, source)}\r\nFrom: {from_}\r\nTo: {to}\r\n"
            f"Date: {self.date(now)}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n"
        ).encode("utf-8", "surrogateescape")

    def reply(
        self,
        request: Request,
        source: str,
        now: Instant,
        status: str,
        fields: str = "",
        body: str = "",
        *,
        copied: ResponseHeaders | None = None,
        server: bool = True,
    ) -> bytes:
        """Render any final response.

        `status` is e.g. "200 OK", `fields` whole lines after CSeq; `copied` is what the request gives to the
        response, if it is at hand.
        """
        via, from_, to, call_id, cseq = copied or copied_from(request)
        if "tag=" not in to or request.to.tag is None:
            to = f"{to};tag={self.next_tag()}"
        second = int(now)
        date = self._date if second == self._second else self.date(now)
        return (
            f"SIP/2.0 {status}\r\nVia: {self._vias(request, via, source)}\r\nFrom: {from_}\r\nTo: {to}\r\n"
            f"Date: {date}\r\nCall-ID: {call_id}{self._server if server else _NO_SERVER}{cseq}\r\n"
            f"{fields}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode("utf-8", "surrogateescape")

    def challenge(
        self, request: Request, source: str, now: Instant, status: int, header: tuple[str, str]
    ) -> bytes:
        """Render a 401 or 407 with one challenge."""
        return self.reply(request, source, now, _CHALLENGES[status], f"{header[0]}: {header[1]}\r\n")

    def refusal(
        self,
        request: Request,
        source: str,
        now: Instant,
        rule: ReplyRule,
        *,
        min_expires: int | None = None,
        status: int | None = None,
    ) -> bytes:
        """Render a row of REPLIES; `status` instead of the row's where the broken request deserves another."""
        fields = ""
        if rule.retry_after:
            fields += f"Retry-After: {self._policy.retry_after}\r\n"
        if rule.warning is not None:
            fields += f'Warning: 399 {self._node} "{rule.warning}"\r\n'
        if min_expires is not None:
            fields += f"Min-Expires: {min_expires}\r\n"
        if rule.status == 405:
            fields += f"Allow: {ALLOW}\r\n"
        line = f"{rule.status} {rule.phrase}"
        if status is not None and status != rule.status:
            line = f"{status} {REASON_PHRASES[status]}"
        return self.reply(request, source, now, line, fields)

    def accepted(self, request: Request, source: str, now: Instant, decision: Accepted) -> bytes:
        """Render the 200 to a REGISTER: registration, refresh, unregistration, standby keep-alive or query."""
        supported, session = request.headers.firsts(_MIRRORED)
        fields = f"Expires: {decision.expires}\r\n"
        body = ""
        if decision.contact:
            contact = decision.contact
            if decision.what == "registered":
                # Only the first line's 200 carries it. [read in sipcc: sip-wire 3.2]
                contact += ";x-cisco-newreg" if decision.first_line else ""
                body = response_body(decision.options.options)
            fields += _bound_fields(contact, decision.path, supported, self._sis_level)
        if session is not None:
            fields += f"Session-ID: {self._entropy.hex(16)};remote={session.partition(';')[0]}\r\n"
        if body:
            fields += f"Content-Type: {RESPONSE_TYPE}\r\n"
        return self.reply(request, source, now, "200 OK", fields, body, copied=decision.attempt.copied)

    def _vias(self, request: Request, top: str, source: str) -> str:
        """Every Via; `received` on the top one if its sent-by is not the source (RFC 3261 18.2.1)."""
        # Sent-by and source repeat for the life of a connection: they are parsed only when they change.
        checked = (source, top.partition(";")[0])
        if checked != self._checked:
            try:
                via = request.top_via
            except RemoteProtocolError as error:
                raise Unanswerable(error.detail) from None
            if via.host.strip("[]").lower() == source.lower():
                self._checked = checked
            else:
                element, comma, rest = top.partition(",")
                top = f"{element};received={source}{comma}{rest}"
        if not request.headers.has_repetitions:
            return top
        return "\r\nVia: ".join((top, *request.headers.fields("via")[1:]))


_NO_SERVER = "\r\nCSeq: "
_CHALLENGES = {401: "401 Unauthorized", 407: "407 Proxy Authentication Required"}


def status_of(response: bytes) -> int:
    """Read the status code of a rendered response."""
    return int(response[8:11])


def copied_from(request: Request) -> ResponseHeaders:
    """Return what every response copies from its request. Raises Unanswerable if some of it is not there."""
    via, from_, to, call_id, cseq = request.headers.firsts(COPIED)
    if via is None or from_ is None or to is None or call_id is None or cseq is None:
        missing = [name for name in COPIED if name not in request.headers]
        raise Unanswerable(f"no {', '.join(missing)} header field")
    return via, from_, to, call_id, cseq


_MIRRORED = ("supported", "session-id")


def _bound_fields(contact: str, path: tuple[str, ...], offered: str | None, sis_level: str) -> str:
    """Contact, Path and Supported of a 200.

    `X-cisco-supports-AR_SK` answers x-cisco-mra-ha=AR_SK in the Contact [observed: sip-wire 3.1; its place in
    the list is assumed].
    """
    tags = _tags(offered, sis_level)
    if "=AR_SK" in contact:
        tags += ",X-cisco-supports-AR_SK"
    paths = "".join([f"Path: {each}\r\n" for each in path]) if path else ""
    return f"Contact: {contact}\r\n{paths}Supported: {tags}\r\n"


@lru_cache(maxsize=256)
def _tags(offered: str | None, sis_level: str) -> str:
    """What UCM supports of what a phone offers: one text for each kind of phone.

    Phones that do not list srtp-fallback do not get it: a third-party phone got the SIS level alone [observed;
    that this is the rule is assumed].
    """
    level = f"X-cisco-sis-{sis_level}"
    fallback = "x-cisco-srtp-fallback" in {tag.strip().lower() for tag in (offered or "").split(",")}
    return f"X-cisco-srtp-fallback,{level}" if fallback else level
