"""HTTP as a UCM's Tomcat speaks it on 8443: reading Authorization, its pages and its headers."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus

from lxml import etree

from simulator.core.http.message import HttpRequest, HttpResponse

REALM = "Cisco Web Services Realm"
"""[observed: device-config 4.5]"""
BASIC_CHALLENGE = ("WWW-Authenticate", f'Basic realm="{REALM}"')
NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""RFC 6749 5.1: no cache may keep a token."""

_HEADERS = (("X-Frame-Options", "SAMEORIGIN"), ("Server", ""))
"""[observed on UDS: device-config 4.2]"""
_PRIVATE = (("Cache-Control", "private"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """Credentials of the Basic scheme (RFC 7617)."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A bearer token (RFC 6750)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An Authorization that is neither; `detail` names what is wrong, without any of its text."""

    detail: str
    multiple: bool = False


Authorization = Basic | Bearer | Unreadable | None


def header(request: HttpRequest, name: str) -> tuple[str, ...]:
    """Return all values of a header field, in order."""
    wanted = name.lower()
    return tuple(value for key, value in request.headers if key.lower() == wanted)


def read_authorization(request: HttpRequest) -> Authorization:
    """Read who the client says it is; None if it does not say.

    Schemes do not depend on case (RFC 9110 11.1).
    """
    values = header(request, "Authorization")
    if not values:
        return None
    if len(values) > 1:
        return Unreadable(detail="more than one Authorization field", multiple=True)
    scheme, _, rest = values[0].strip(" \t").partition(" ")
    rest = rest.strip(" \t")
    match scheme.lower():
        case "basic":
            return _basic(rest)
        case "bearer" if rest and " " not in rest:
            return Bearer(token=rest)
        case "bearer":
            return Unreadable(detail="Bearer without exactly one token")
        case _:
            return Unreadable(detail="an authentication scheme other than Basic and Bearer")


def _basic(encoded: str) -> Basic | Unreadable:
    try:
        raw = b64decode(encoded.encode("ascii"), validate=True)
    except (Base64Error, UnicodeEncodeError):
        return Unreadable(detail="the Basic credentials are not base64")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    user, colon, password = text.partition(":")
    if not colon:
        return Unreadable(detail="the Basic credentials have no colon")
    return Basic(user=user, password=password)


def media_type(request: HttpRequest) -> str:
    """Return the media type: lower case, without parameters; empty if there is none or more than one."""
    values = header(request, "Content-Type")
    return values[0].partition(";")[0].strip().lower() if len(values) == 1 else ""


def xml_response(root: etree._Element, *, status: int = 200, private: bool = True) -> HttpResponse:
    """Make an answer with an XML document, `standalone="yes"` as UDS writes it [observed]."""
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)
    headers = (("Content-Type", "application/xml"), *(_PRIVATE if private else NO_STORE), *_HEADERS)
    return HttpResponse(status=status, headers=headers, body=body)


def json_response(
    document: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> HttpResponse:
    """Make an answer with JSON that no cache may keep."""
    body = json.dumps(document).encode("ascii")
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "application/json;charset=UTF-8"), *NO_STORE, *_HEADERS, *headers),
        body=body,
    )


def error_page(status: int, detail: str = "", *headers: tuple[str, str]) -> HttpResponse:
    """Make Tomcat's page, `HTTP Status 401` and so on [observed: administration 1]; `detail` is escaped."""
    title = f"HTTP Status {status} - {HTTPStatus(status).phrase}"
    body = (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{escape(detail)}</p></body></html>"
    )
    return HttpResponse(
        status=status,
        headers=(("Content-Type", "text/html;charset=utf-8"), *_PRIVATE, *_HEADERS, *headers),
        body=body.encode("utf-8", "replace"),
    )


def method_not_allowed(*allowed: str) -> HttpResponse:
    """Make a 405 that names the methods that are allowed."""
    return error_page(405, f"only {' and '.join(allowed)}", ("Allow", ", ".join(allowed)))


def without_body(response: HttpResponse) -> HttpResponse:
    """Return the answer to HEAD that goes with the answer to GET."""
    return HttpResponse(status=response.status, headers=response.headers)
