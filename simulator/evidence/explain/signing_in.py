"""The checklist of a sign-in: each step that was answered, and what to do about the one that ended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.core import events as ev
from simulator.core.events.log import Record
from simulator.core.mark import Mark
from simulator.evidence.explain.model import Advice, ExplainRow

TITLES: Mapping[str, str] = {
    "seeking": "Servers found in DNS",
    "entering": "Edge: how to sign in there",
    "equipping": "Edge: its configuration",
    "locating": "Home cluster of the user",
    "checking": "How to sign in to the cluster",
    "opening": "Login page",
    "logging_in": "User name and password",
    "redeeming": "Code redeemed for tokens",
    "listing": "Device of the user",
    "provisioning": "Device's own document",
    "renewing": "Access token renewed",
}
"""By the step's name (`softphone.core.signin`); a test holds it total."""
SIGNED_IN = ("signed_in", "Signed in")

_LOGIN_LOG = "file tail activelog tomcat/logs/ssosp/log4j/ssosp*.log recent on the node that was asked"
_REFRESH_TOKENS = "run sql select userid, validity from refreshtokendetails"
_DNS = "nslookup -type=SRV _cisco-uds._tcp.<domain> and _collab-edge._tls.<domain> from the client's network"
_EDGE = "Expressway-C: Status > Unified Communications; Diagnostics > Event log on both Expressways"
_DEVICES = "User Management > End User: Controlled Devices; Device > Phone: Owner User ID"
_SERVICES = "utils service list on the node (Cisco Tomcat, Cisco SSO); https://<node>:8443/ssosp/ in a browser"

_ADVICE: Mapping[str, tuple[str, str, str, Mark]] = {
    "E_CREDENTIALS": (
        "The user name or the password is wrong, or the user is inactive: neither the login page nor an edge "
        "says which.",
        "Enter the right password; activate the user, or unlock the credential.",
        f"User Management > End User: user status and Edit Credential; {_LOGIN_LOG}",
        "assumed",
    ),
    "E_USER_NOT_FOUND": (
        "None of the clusters asked is the home of this user.",
        "Create or synchronise the user, check Home Cluster in the user's configuration, or correct the name.",
        "https://<node>:8443/cucm-uds/clusterUser?username=<user> in a browser: found must be true",
        "documented",
    ),
    "E_NO_DEVICE": (
        "The user has no device that this client may use.",
        "Add the device, make the user its owner, and add it to the user's controlled devices.",
        _DEVICES,
        "documented",
    ),
    "E_SESSION_EXPIRED": (
        "The refresh token can no longer be used: it has expired, was revoked, or the cluster's keys or its "
        "Refresh Token Expiry Timer were changed.",
        "Have the user sign in again; there is no other way to get a new refresh token.",
        f"{_REFRESH_TOKENS}; {_LOGIN_LOG}",
        "documented",
    ),
    "E_NO_REFRESH_TOKEN": (
        "The client was given no refresh token, so it cannot renew its access token.",
        "Set OAuth with Refresh Login Flow to Enabled, then have the user sign in again.",
        "System > Enterprise Parameters: OAuth with Refresh Login Flow",
        "documented",
    ),
    "E_NO_SRV": (
        "DNS names no server for this domain, neither inside nor outside.",
        "Publish _cisco-uds._tcp in the internal zone and _collab-edge._tls in the public one, or ask another "
        "name server.",
        _DNS,
        "documented",
    ),
    "E_NO_NAME_SERVER": (
        "No name server answered.",
        "Use a name server that the client can reach.",
        _DNS,
        "assumed",
    ),
    "E_EDGE_REFUSED": (
        "The Expressway-E does not let this request in: the domain is not served there, or this address sent "
        "too many bad requests and is blocked for some time.",
        "Add the domain on Expressway-C (Configuration > Domains) with services on Unified CM; wait until the "
        "block has ended.",
        _EDGE,
        "assumed",
    ),
    "E_EDGE_SSO": (
        "The edge demands a sign-in at an identity provider, which this client cannot do.",
        "Use a client with a browser, or set the edge to authorize by OAuth token with local authentication.",
        "Expressway-C: Configuration > Unified Communications > Configuration: MRA access control",
        "documented",
    ),
    "E_NO_NEXT_HOP": (
        "The edge configuration names no SIP edge server.",
        "On Expressway-C add or refresh the Unified CM servers, and check that the traversal zone is active.",
        _EDGE,
        "assumed",
    ),
    "E_NO_UDS": (
        "The edge configuration names no Unified CM with UDS.",
        "On Expressway-C add or refresh the Unified CM servers.",
        _EDGE,
        "assumed",
    ),
    "E_TLS_TRUST": (
        "The client refuses the web server's certificate: unknown issuer, wrong name, or expired.",
        "Install the authority that signed Tomcat (outside: Expressway-E's) in the client's trust store; the "
        "certificate must carry the name that was dialled.",
        "show cert own tomcat on the node, outside Maintenance > Security > Server certificate on Expressway-E"
        "; openssl s_client -connect <host that was dialled>:8443 -showcerts",
        "documented",
    ),
    "E_UNREACHABLE": (
        "The server could not be reached, or its answer was cut off.",
        "Check the name, the network path to it, and that Cisco Tomcat is running.",
        _SERVICES,
        "assumed",
    ),
    "E_HTTP_STATUS": (
        "The server answered with a status that this step does not expect.",
        "5xx: the service behind the path is down or overloaded; the client tries again. 401: the service "
        "refuses the token; if keys were changed, restart Cisco Tomcat on that node, outside also refresh the "
        "Unified CM servers on Expressway-C, and sign in again. "
        "404: compare the versions of client and cluster.",
        _SERVICES,
        "assumed",
    ),
    "E_GARBAGE": (
        "The answer is not what this step expects, but a proxy's login page, an error page or half a document.",
        "Fetch the address with a browser; look for a proxy or captive portal in between.",
        _SERVICES,
        "assumed",
    ),
    "E_AUTHORIZE": (
        "The authorization endpoint refused the request: the client id or its redirect URI is not known.",
        "Register the client and its redirect URI with the cluster, exactly as the client sends them.",
        _LOGIN_LOG,
        "assumed",
    ),
    "E_TOKEN_ENDPOINT": (
        "The token endpoint refused the request: the error in the evidence names the reason.",
        "invalid_client: correct id and secret; invalid_grant: the code or refresh token was used, has expired "
        "or was revoked, so sign in again.",
        _LOGIN_LOG,
        "assumed",
    ),
}
CODES = frozenset(_ADVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in, or one renewal, as it was answered step by step."""

    steps: tuple[Record, ...]
    ended: Record
    """phone signed in, or the sign-in failed."""

    @property
    def first(self) -> Record:
        return self.steps[0] if self.steps else self.ended

    @property
    def where(self) -> str:
        """Return the host that was asked last."""
        asked = [r.event.where for r in self.steps if isinstance(r.event, ev.SignInStepAnswered)]
        return asked[-1].partition("/")[0] if asked else "no server"

    @property
    def outcome(self) -> str:
        event = self.ended.event
        if isinstance(event, ev.SignInFailed):
            return f"{event.code}: {event.detail}"
        return f"signed in as {event.user}" if isinstance(event, ev.PhoneSignedIn) else "signed in"


def rows_of(one: SignIn) -> tuple[list[ExplainRow], tuple[Advice, ...]]:
    """Write a row for each step. A step that was repeated at another host counts by its last answer."""
    answers = {r.event.step: r.event for r in one.steps if isinstance(r.event, ev.SignInStepAnswered)}
    failure = one.ended.event if isinstance(one.ended.event, ev.SignInFailed) else None
    rows = []
    for step, answer in answers.items():
        bad = bool(answer.problem)
        if bad and (failure is None or step != list(answers)[-1]):
            continue  # it went on without
        status = f": {answer.status}" if answer.status is not None else ""
        said = f"; {answer.problem}" if bad else ""
        detail = f"{'; ' if not said else ': '}{answer.detail}" if answer.detail else ""
        rows.append(
            ExplainRow(
                id=f"signin_{step}",
                title=TITLES.get(step, step.replace("_", " ").capitalize()),
                state="fail" if bad else "pass",
                evidence=f"{answer.where}{status}{said}{detail}",
            )
        )
    if failure is None:
        return rows, ()
    if not any(row.state == "fail" for row in rows):
        rows.append(ExplainRow(id=SIGNED_IN[0], title=SIGNED_IN[1], state="fail", evidence=one.outcome))
    else:
        rows.append(ExplainRow(id=SIGNED_IN[0], title=SIGNED_IN[1], state="not_reached"))
    return rows, (advice_for(failure.code),)


def advice_for(code: str) -> Advice:
    cause, remedy, verify, mark = _ADVICE.get(code, _ADVICE["E_HTTP_STATUS"])
    return Advice(
        cause=cause, remedy=remedy, verify=verify, mark=mark, source="oauth-tokens 3-6; device-config 2"
    )
