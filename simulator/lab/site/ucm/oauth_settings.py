"""What a lab file says of the authorization server, as the server and the lab's phones understand it."""

from __future__ import annotations

from typing import Any

from registrar.core.axl import PATH as AXL_PATH
from registrar.core.soap.control_center import PATHS as CONTROL_CENTER_PATHS
from registrar.core.soap.ris import PATH as RIS_PATH
from registrar.core.ssosp import OAuthClient, ParameterError, Settings
from registrar.core.ssosp.administration import DEFAULT_PATH as KEYS
from registrar.core.ssosp.administration import REVOKE
from registrar.core.ssosp.authorize import AUTHORIZE
from registrar.core.ssosp.server import METADATA, SINGLE_SIGN_ON
from registrar.core.tokens.claims import DEFAULT_CLIENT_ID
from simulator.lab.config.nodes import AuthorizationConfig

REDIRECT_URI = "http://127.0.0.1/callback"
"""The redirect URI of the lab's OAuth clients. Any port of the loopback address is good (RFC 8252 7.3)."""

_TAKEN = frozenset((AUTHORIZE, REVOKE, SINGLE_SIGN_ON, METADATA, KEYS, RIS_PATH, *CONTROL_CENTER_PATHS))
_TAKEN_BELOW = (AXL_PATH, "/cucm-uds/")


def settings(config: AuthorizationConfig) -> Settings:
    """Return the server's settings. Raises ParameterError for a token path that is another page's."""
    for path in config.token_paths:
        if path in _TAKEN or f"{path}/".startswith(_TAKEN_BELOW):
            raise ParameterError(f"token_paths: {path} is the path of something else")
    return Settings(
        token_paths=tuple(config.token_paths),
        code_lifetime=config.code_lifetime,
        error_body=config.error_body,
        metadata=config.metadata,
    )


def clients(config: AuthorizationConfig) -> list[OAuthClient]:
    return [
        OAuthClient(
            id=client.id or DEFAULT_CLIENT_ID,
            secret=client.secret,
            redirect_uris=(REDIRECT_URI,),
            pkce=client.pkce,
        )
        for client in config.clients
    ]


def of_phones(config: AuthorizationConfig) -> dict[str, Any]:
    """Return the fields of `softphone.core.signin.Account` that the lab's phones sign in with."""
    client = config.clients[0]
    return {
        "client_id": client.id or DEFAULT_CLIENT_ID,
        "client_secret": client.secret,
        "redirect_uri": REDIRECT_URI,
        "token_path": config.token_paths[0],
    }
