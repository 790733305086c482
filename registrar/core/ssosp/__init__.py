"""UCM's authorization server: sign-in, codes, access and refresh tokens, revocation (oauth-tokens 2, 3)."""

from registrar.core.ssosp.clients import ClientError, Clients, OAuthClient
from registrar.core.ssosp.grants import OpaqueGrant, OpaqueTokens
from registrar.core.ssosp.parameters import EnterpriseParameters, ParameterError, Settings
from registrar.core.ssosp.problems import PROBLEM_RULES, OAuthProblem
from registrar.core.ssosp.refresh_tokens import (
    RefreshState,
    RefreshTokenRow,
    RefreshTokenStore,
)
from registrar.core.ssosp.server import AuthorizationServer
from registrar.core.ssosp.signon import SignOn

__all__ = [
    "PROBLEM_RULES",
    "AuthorizationServer",
    "ClientError",
    "Clients",
    "EnterpriseParameters",
    "OAuthClient",
    "OAuthProblem",
    "OpaqueGrant",
    "OpaqueTokens",
    "ParameterError",
    "RefreshState",
    "RefreshTokenRow",
    "RefreshTokenStore",
    "Settings",
    "SignOn",
]
