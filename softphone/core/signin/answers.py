"""What each step of the sign-in makes of an HTTP answer: what it found, or why it found nothing.

Raises `Trouble` where the next answer may be better, `Garbage` and `ConfigError` for documents of another kind,
`Refusal` for a clear no.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.actor.flow import Fetched
from softphone.core.signin.account import JabberAccount
from softphone.core.signin.documents import (
    Garbage,
    Refusal,
    Tokens,
    read_devices,
    read_form,
    read_home,
    read_oauth_error,
    read_provision,
    read_redirect,
    read_refresh_flow,
    read_tokens,
)
from softphone.core.signin.edge_documents import EdgeConfig, read_cookie, read_edge_config, read_edge_sso
from softphone.core.signin.transitions import SignInState

S = SignInState


class Trouble(Exception):
    """Raised for an answer that is no use; another server, or a later answer, may be better."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question to which an answer belongs."""

    state: SignInState
    url: str
    """As it is called inside."""
    oauth_state: str
    refresh_flow: bool


def read(result: Fetched, asked: Asked, account: JabberAccount) -> object:
    """Return what the answer to `asked` holds. Raises Trouble, Garbage, ConfigError or Refusal."""
    status, body = result.status, result.body
    if status is None:
        code = "E_TLS_TRUST" if "certificate" in result.failure.lower() else "E_UNREACHABLE"
        raise Trouble(code, result.failure or "no answer")
    if status >= 500 or status == 429:
        raise Trouble("E_HTTP_STATUS", f"answered {status}")
    match asked.state:
        case S.ENTERING:
            _let_in(status)
            return read_edge_sso(body)
        case S.EQUIPPING:
            _let_in(status)
            return read_edge_config(body), read_cookie(result.headers)
        case S.LOCATING:
            _want(status, 200)
            return read_home(body, account.user)
        case S.CHECKING:
            _want(status, 200)
            return read_refresh_flow(body)
        case S.OPENING:
            _want(status, 200)
            return read_form(body, asked.url)
        case S.LOGGING_IN:
            return _read_login(result, asked, account)
        case S.REDEEMING | S.RENEWING:
            return _read_tokens(status, body)
        case S.LISTING:
            _want(status, 200)
            return _choice(read_devices(body), account)
        case _:
            _want(status, 200)
            return read_provision(body)


EdgeAnswer = tuple[EdgeConfig, str]
"""An edge's configuration and the cookie that came with it."""


def _want(status: int, wanted: int) -> None:
    if status != wanted:
        raise Refusal("E_HTTP_STATUS", f"answered {status}")


def _let_in(status: int) -> None:
    """By an edge, which asks whether the password is good before it tells anything."""
    if status == 401:
        raise Refusal("E_CREDENTIALS", "the edge does not take the user name and the password")
    if status != 200:
        raise Refusal("E_EDGE_REFUSED", f"the edge answered {status}: does it serve this domain?")


def _read_login(result: Fetched, asked: Asked, account: JabberAccount) -> object:
    if result.status == 200:  # the form again
        raise Refusal("E_CREDENTIALS", "the user name or the password is wrong")
    _want(result.status or 0, 302)
    location = next((value for name, value in result.headers if name.lower() == "location"), "")
    found = read_redirect(location, account.redirect_uri, asked.oauth_state)
    if asked.refresh_flow:
        if not found.get("code"):
            raise Garbage("redirected without a code")
        return found["code"]
    life = found.get("expires_in", "")
    if not found.get("access_token") or not life.isdigit():
        raise Garbage("redirected without a token")
    return Tokens(access=found["access_token"], expires_in=float(life))


def _read_tokens(status: int, body: bytes) -> Tokens:
    if status == 200:
        return read_tokens(body)
    error = read_oauth_error(body)
    raise Refusal("E_TOKEN_ENDPOINT", f"answered {status} {error}".rstrip(), error=error)


def _choice(devices: tuple[tuple[str, str], ...], account: JabberAccount) -> tuple[str, str]:
    wanted = account.device
    mine = [one for one in devices if wanted is None or one[0].casefold() == wanted.casefold()]
    mine.sort(key=lambda one: not one[0].startswith("CSF"))  # stable: the first of those
    if not mine:
        which = "no device" if wanted is None else f"no device {wanted}"
        raise Refusal("E_NO_DEVICE", f"{which} belongs to {account.user}")
    return mine[0]
