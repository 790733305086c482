"""What an administrator sets (enterprise parameters), and what only the simulator can set (settings)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registrar.core.ssosp.clients import redirect_problem


class ParameterError(ValueError):
    """A value that UCM's administration would not save; the text names the parameter and its range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseParameters:
    """Names and ranges as in Enterprise Parameters > SSO and OAuth Configuration [documented: oauth-tokens 3].

    The refresh token's range is 1 to 365 days in the configuration guides and 1 to 90 in document 212794; the
    wider one counts here.
    """

    refresh_login_flow: bool = True
    """"OAuth with Refresh Login Flow". UCM's own default is Disabled [documented]; a lab wants it on."""
    access_expiry_minutes: int = 60
    """"OAuth Access Token Expiry Timer"; also of the old opaque tokens."""
    refresh_expiry_days: int = 60
    """"OAuth Refresh Token Expiry Timer". Changing it revokes every refresh token."""
    auto_renew_refresh_token: bool = False
    """"Auto Renew Refresh Token": from 14SU4 on by default, for Webex clients only [documented]."""
    redirect_uris: tuple[str, ...] = ()
    """"Redirect URIs for Third Party SSO Client", for every client."""
    sso: bool = False
    """SAML SSO. Only what `singleSignOn` says: users sign in with their UCM password either way."""

    def __post_init__(self) -> None:
        if not 1 <= self.access_expiry_minutes <= 1440:
            raise ParameterError(
                f"OAuth Access Token Expiry Timer: 1 to 1440 minutes, not {self.access_expiry_minutes}"
            )
        if not 1 <= self.refresh_expiry_days <= 365:
            raise ParameterError(
                f"OAuth Refresh Token Expiry Timer: 1 to 365 days, not {self.refresh_expiry_days}"
            )
        for uri in self.redirect_uris:
            problem = redirect_problem(uri)
            if problem:
                raise ParameterError(f"Redirect URIs for Third Party SSO Client: {uri!r} {problem}")

    @property
    def access_lifetime(self) -> int:
        """Seconds."""
        return self.access_expiry_minutes * 60

    @property
    def refresh_lifetime(self) -> int:
        """Seconds."""
        return self.refresh_expiry_days * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where no source says what UCM does, and what one may want to imitate."""

    token_paths: tuple[str, ...] = ("/ssosp/oauth/token", "/ssosp/token")
    """[assumed: the real path is not published]"""
    code_lifetime: int = 60
    """Seconds; RFC 6749 4.1.2 recommends 600 at most. [assumed]"""
    clip_access_to_refresh: bool = True
    """No access token outlives the refresh token it came from. [assumed]"""
    error_body: Literal["json", "ucm"] = "json"
    """The authorize endpoint's error page: "ucm" is the published text, whose error value has no quotes."""
    metadata: bool = False
    """Serve RFC 8414 metadata, which UCM does not."""

    def __post_init__(self) -> None:
        if not 1 <= self.code_lifetime <= 600:
            raise ParameterError(f"code_lifetime: 1 to 600 seconds, not {self.code_lifetime}")
        for path in self.token_paths:
            if not path.startswith("/"):
                raise ParameterError(f"token_paths: {path!r} does not start with a slash")
