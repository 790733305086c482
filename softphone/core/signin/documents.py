"""What the sign-in reads: UDS and singleSignOn documents, the login form, redirects, token answers.

Each function returns what it found; `Garbage` for a document that is not what was asked for, `Refusal` for one
that says no. No text of a password, code or token ever gets into either.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from softphone.core.device_file.problems import ConfigError
from softphone.core.device_file.xml_reader import Element, read_xml

_OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")


class Garbage(ValueError):
    """Raised for a document that is not the one asked for; the next answer may be."""

    def __init__(self, detail: str, *, code: str = "E_GARBAGE") -> None:
        super().__init__(detail)
        self.code = code


class Refusal(Exception):
    """Raised for a clear no. `code` is typed (E_...), `error` is OAuth's name for it."""

    def __init__(self, code: str, detail: str, *, error: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.error = code, detail, error


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The user's home cluster."""

    base: str
    """`https://host:port` of the user's home cluster."""
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginForm:
    """A login form."""

    action: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a token endpoint gave."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    """None: none was given, or the previous one stays in use."""
    expires_in: float


def read_home(body: bytes, user: str) -> Home:
    """Read clusterUser (device-config 4.2). Raises Refusal if the cluster knows no such user."""
    root = root_of(body, "clusterUser")
    result = root.one("result")
    if result is None:
        raise Garbage("clusterUser without a result")
    if result.attributes.get("found") != "true":
        raise Refusal("E_USER_NOT_FOUND", f"the cluster knows no user {user!r}")
    base, _, at_home = result.attributes.get("uri", "").partition("/cucm-uds/user/")
    if not at_home or not _is_https(base):
        raise Garbage("clusterUser names no home")
    return Home(base=base, user=at_home)


def read_refresh_flow(body: bytes) -> bool:
    """Read singleSignOn: is OAuth with Refresh Login Flow on? Absent elements mean on. [assumed]"""
    flow = root_of(body, "SSOResult").at("Response/OAuth/RefreshLoginFlow")
    return flow is None or flow.attributes.get("enabled") != "false"


def read_devices(body: bytes) -> tuple[tuple[str, str], ...]:
    """Return (name, URI of the device's document) of each device, in the order given."""
    root = root_of(body, "devices")
    found = []
    for item in root.all("device"):
        name, uri = item.value("name"), item.attributes.get("uri", "")
        if name and _is_https(uri):
            found.append((name, uri))
    return tuple(found)


def read_provision(body: bytes) -> str:
    """Return the URL of the device's configuration file. Garbage: the document names none."""
    uri = _value(root_of(body, "device"), "provision", "uri")
    if uri is None or urlsplit(uri).scheme not in ("http", "https"):
        raise Garbage("the device's document names no configuration file")
    return uri


def read_form(body: bytes, url: str) -> LoginForm:
    """Return the login form of the page at `url`. Raises Garbage if it leads to another server."""
    page = _Page()
    page.feed(body.decode("utf-8", "replace"))
    if page.action is None or "password" not in page.names:
        raise Garbage("the authorize page holds no login form")
    action = urljoin(url, page.action)
    if urlsplit(action)[:2] != urlsplit(url)[:2]:
        raise Garbage("the login form leads to another server")
    return LoginForm(action=action, fields=tuple(page.hidden))


def read_redirect(location: str, redirect_uri: str, state: str) -> dict[str, str]:
    """Return the parameters of the redirect, from query or fragment. Raises Refusal for an error among them."""
    if not location.startswith(redirect_uri):
        raise Garbage("redirected to somewhere else")
    parts = urlsplit(location)
    found = dict(parse_qsl(parts.query) + parse_qsl(parts.fragment))
    if found.get("state") != state:
        raise Garbage("the answer belongs to another request: its state differs")
    if "error" in found:
        error = _error(found["error"])
        raise Refusal("E_AUTHORIZE", f"the authorization server says {error}", error=error)
    return found


def read_tokens(body: bytes) -> Tokens:
    """Read the answer of a token endpoint (RFC 6749 5.1)."""
    document = _json(body)
    access, life, refresh = (document.get(n) for n in ("access_token", "expires_in", "refresh_token"))
    if not isinstance(access, str) or not access:
        raise Garbage("an answer without access_token")
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life < 1e9:
        raise Garbage("expires_in is no number of seconds")
    if refresh is not None and not isinstance(refresh, str):
        raise Garbage("refresh_token is no text")
    return Tokens(access=access, refresh=refresh, expires_in=float(life))


def read_oauth_error(body: bytes) -> str:
    """Return the name of the error (RFC 6749 5.2); empty if none can be read."""
    try:
        return _error(_json(body).get("error"))
    except Garbage:
        return ""


def _error(text: object) -> str:
    return text if isinstance(text, str) and _OAUTH_ERROR.fullmatch(text) else "an unreadable error"


def _json(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Garbage("the answer is not JSON") from None
    if not isinstance(document, dict):
        raise Garbage("the answer is no JSON object")
    return document


def root_of(body: bytes, name: str) -> Element:
    """Return the root element. Raises Garbage for what is no XML, or has another name."""
    try:
        root = read_xml(body)
    except ConfigError as error:
        raise Garbage(f"not the XML that was asked for: {error.finding.text}") from None
    if root.name != name:
        raise Garbage(f"<{root.name[:40]}> in place of <{name}>")
    return root


def _value(root: Element, *path: str) -> str | None:
    here = root.at("/".join(path[:-1]))
    return None if here is None else here.value(path[-1])


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname)


class _Page(HTMLParser):
    """The first form with a password in it, on a page of any quality."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: list[tuple[str, str]] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = found.get("action", "")
        elif tag == "input" and self.action is not None and found.get("name"):
            self.names.add(found["name"])
            if found.get("type", "").lower() == "hidden":
                self.hidden.append((found["name"], found.get("value", "")))
