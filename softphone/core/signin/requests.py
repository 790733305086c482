"""What the sign-in sends: PKCE and state of one attempt, and the fields of each request (RFC 6749, 7636)."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlencode

from simulator.core.entropy import Entropy
from softphone.core.signin.account import JabberAccount
from softphone.core.signin.documents import LoginForm

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSecrets:
    """The secrets of one attempt to sign in."""

    verifier: str = field(repr=False)
    state: str = field(repr=False)

    @property
    def challenge(self) -> str:
        """The PKCE code challenge, S256 (RFC 7636 4.2)."""
        digest = sha256(self.verifier.encode("ascii")).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def new_attempt(entropy: Entropy) -> SignInSecrets:
    """Draw the secrets of an attempt."""
    return SignInSecrets(verifier=entropy.hex(32), state=entropy.hex(16))


def basic(account: JabberAccount) -> tuple[str, str]:
    """Return the header field that shows the user's credentials to an edge (RFC 7617)."""
    text = b64encode(f"{account.user}:{account.password}".encode()).decode("ascii")
    return "Authorization", f"Basic {text}"


def authorize(account: JabberAccount, attempt: SignInSecrets, *, code: bool) -> Fields:
    """Return the query of the authorize page. `code`: with PKCE; else the implicit flow, without refresh."""
    fields = (
        ("response_type", "code" if code else "token"),
        ("client_id", account.client_id),
        ("redirect_uri", account.redirect_uri),
        ("scope", account.scope),
        ("state", attempt.state),
    )
    if not code:
        return fields
    return (*fields, ("code_challenge", attempt.challenge), ("code_challenge_method", "S256"))


def login(form: object, account: JabberAccount) -> tuple[str, Fields]:
    """Return the URL of the filled-in login form, and its fields."""
    assert isinstance(form, LoginForm)
    return form.action, (*form.fields, ("user", account.user), ("password", account.password))


def redeem(account: JabberAccount, attempt: SignInSecrets, code: str) -> Fields:
    """Return the form that turns a code into tokens (RFC 6749 4.1.3)."""
    return (
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", account.redirect_uri),
        ("code_verifier", attempt.verifier),
        *_client(account),
    )


def refresh(account: JabberAccount, token: str) -> Fields:
    """Return the form that turns a refresh token into an access token (RFC 6749 6)."""
    return (("grant_type", "refresh_token"), ("refresh_token", token), *_client(account))


def query_text(fields: Fields) -> str:
    """Return `fields` as the query of a URL."""
    return f"?{urlencode(fields)}" if fields else ""


def form_text(fields: Fields) -> bytes:
    """Return `fields` as the body of a form."""
    return urlencode(fields).encode("ascii")


def _client(account: JabberAccount) -> Fields:
    """client_secret_post: the product's pre-shared secret goes along, if it has one (oauth-tokens 1.3)."""
    fields = (("client_id", account.client_id),)
    return fields if account.client_secret is None else (*fields, ("client_secret", account.client_secret))
