"""Header field names: compact forms (RFC 3261 7.3.3 and the IANA registry) and which fields are comma lists."""

from __future__ import annotations

from functools import lru_cache

from simulator.core.sip.errors import MalformedMessage
from simulator.core.sip.grammar import is_token

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}

LISTS = frozenset(
    (
        "accept",
        "accept-contact",
        "accept-encoding",
        "accept-language",
        "alert-info",
        "allow",
        "allow-events",
        "call-info",
        "contact",
        "content-encoding",
        "content-language",
        "error-info",
        "history-info",
        "in-reply-to",
        "p-asserted-identity",
        "path",
        "proxy-require",
        "reason",
        "record-route",
        "reject-contact",
        "require",
        "route",
        "security-client",
        "security-server",
        "security-verify",
        "service-route",
        "supported",
        "unsupported",
        "via",
        "warning",
    )
)

SINGLE = (
    "Call-ID",
    "CSeq",
    "From",
    "To",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Expires",
    "Min-Expires",
)
"""Fields that may stand once; a repetition with the same value is harmless and tolerated."""

# The spellings met on the wire; what is not here goes through `_learn`, which is bounded.
_SPELLINGS: dict[str, str] = {}
for _name in (
    "Accept",
    "Allow",
    "Allow-Events",
    "Authorization",
    "Call-ID",
    "Call-Id",
    "Contact",
    "Content-Disposition",
    "Content-ID",
    "Content-Id",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Cseq",
    "Date",
    "Event",
    "Expires",
    "From",
    "Max-Forwards",
    "MIME-Version",
    "Mime-Version",
    "Min-Expires",
    "P-Asserted-Identity",
    "Path",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Reason",
    "Record-Route",
    "Refer-To",
    "Referred-By",
    "Require",
    "Retry-After",
    "Route",
    "Server",
    "Session-ID",
    "Subject",
    "Subscription-State",
    "Supported",
    "To",
    "Unsupported",
    "User-Agent",
    "Via",
    "Warning",
    "WWW-Authenticate",
    "X-TAATag",
):
    _SPELLINGS[_name] = _SPELLINGS[_name.lower()] = _name.lower()
_SPELLINGS.update(COMPACT)
_SPELLINGS.update({short.upper(): long for short, long in COMPACT.items()})
known_spelling = _SPELLINGS.get


def canonical(name: str) -> str:
    """Return the lower-case long form of a field name. Raises MalformedMessage if it is no name."""
    return known_spelling(name) or (_learn(name) if len(name) <= _LEARNT_LENGTH else _read(name))


def _read(name: str) -> str:
    # 7.3.1: white space may stand before the colon ("Subject            : lunch").
    bare = name.rstrip(" \t")
    if not is_token(bare):
        raise MalformedMessage("a header field name is not a token")
    lower = bare.lower()
    return COMPACT.get(lower, lower)


_LEARNT_LENGTH = 64
_learn = lru_cache(maxsize=1024)(_read)
