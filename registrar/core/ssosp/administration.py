"""Who may administer over HTTPS 8443: an application user with the role Standard AXL API Access."""

from __future__ import annotations

from registrar.core.ssosp.problems import OAuthProblem, OAuthRefusal
from registrar.core.tomcat.application_users import AccessRole, Administrators, ApplicationUser
from registrar.core.tomcat.http import Basic, read_authorization
from simulator.core.http.message import HttpRequest


def require_axl(request: HttpRequest, administrators: Administrators) -> ApplicationUser:
    """Raises OAuthRefusal: no or wrong credentials (401), good ones without the role (403)."""
    offered = read_authorization(request)
    if not isinstance(offered, Basic):
        detail = "no credentials" if offered is None else "Authorization is not usable Basic"
        raise OAuthRefusal(OAuthProblem.ADMIN_ABSENT, detail)
    admin = administrators.sign_in(offered.user, offered.password)
    if admin is None:
        raise OAuthRefusal(OAuthProblem.ADMIN_UNKNOWN, "no such application user, or another password")
    if AccessRole.AXL not in admin.roles:
        raise OAuthRefusal(
            OAuthProblem.ADMIN_WITHOUT_ROLE, f"the role {AccessRole.AXL.value} is missing", user=admin.id
        )
    return admin
