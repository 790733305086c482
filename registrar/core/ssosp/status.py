"""What a client may ask before it signs in: `singleSignOn`, and RFC 8414 metadata where that is wanted."""

from __future__ import annotations

from lxml import etree

from registrar.core.ssosp.authorize import AUTHORIZE
from registrar.core.ssosp.issuing import SCOPE
from registrar.core.ssosp.parameters import EnterpriseParameters, Settings
from registrar.core.tomcat.http import json_response, xml_response
from simulator.core.http.message import HttpResponse

SINGLE_SIGN_ON = "/ssosp/ws/public/singleSignOn"
"""[observed]"""
METADATA = "/.well-known/oauth-authorization-server"


def single_sign_on(parameters: EnterpriseParameters, base: str) -> HttpResponse:
    """Response > SingleSignOn > Status@enabled [observed]; all other elements are assumed.

    Written without white space: published scripts take every child of SingleSignOn for an element.
    """
    root = etree.Element("SSOResult", version="1.0")
    response = etree.SubElement(root, "Response")
    single = etree.SubElement(response, "SingleSignOn")
    etree.SubElement(single, "Status", enabled=_flag(parameters.sso))
    etree.SubElement(single, "Token", enabled="true")
    etree.SubElement(single, "Uri").text = base + AUTHORIZE
    oauth = etree.SubElement(response, "OAuth")
    etree.SubElement(oauth, "RefreshLoginFlow", enabled=_flag(parameters.refresh_login_flow))
    return xml_response(root, private=False)


def metadata(parameters: EnterpriseParameters, settings: Settings, base: str) -> HttpResponse:
    """RFC 8414 2. UCM publishes none: this is for clients that want to find the endpoints themselves."""
    flow = parameters.refresh_login_flow
    document: dict[str, object] = {
        "issuer": base,
        "authorization_endpoint": base + AUTHORIZE,
        "response_types_supported": ["code", "token"] if flow else ["token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": [*(["authorization_code", "refresh_token"] if flow else []), "implicit"],
        "scopes_supported": [SCOPE],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    }
    if flow and settings.token_paths:
        document["token_endpoint"] = base + settings.token_paths[0]
    return json_response(document)


def _flag(value: bool) -> str:
    return "true" if value else "false"
