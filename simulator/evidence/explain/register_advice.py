"""Cause, remedy and proof for refused REGISTERs: the registrar's own table, and more detail for tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registrar.core.register.reasons import REPLIES, Reason
from registrar.core.tokens import TokenProblem as P
from simulator.evidence.explain.model import Advice
from simulator.evidence.explain.register_checks import PROBLEM_ROWS
from simulator.expressway.core import refusals

_KEYS = "show key authz signing and show key authz encryption on every node: the hashes must agree"
_USER = "User Management > End User: the token's user id, its status and its devices"
_CLOCK = (
    "utils ntp status and show status (for the date) on every node; the client's clock; the Date of the 407"
)
_LOG = "the answer from /ssosp/token in the client's log; the REGISTER as it was sent"
_RENEW = "Have the client get a new access token with its refresh token, or sign in again."


def _assumed(cause: str, remedy: str, verify: str) -> Advice:
    return Advice(
        cause=cause, remedy=remedy, verify=verify, mark="assumed", source="sip-wire R5; oauth-tokens 9.1"
    )


_BY_ROW: Mapping[str, Advice] = {
    "credentials": _assumed(
        "The Authorization or Proxy-Authorization field cannot be read as one bearer credential.",
        'Send one field: Proxy-Authorization: Bearer token="<access token>", realm as in the challenge.',
        _LOG,
    ),
    "token_shape": _assumed(
        "What was sent does not have the form of UCM's access tokens: three base64url parts, the payload "
        "encrypted.",
        "Send the access_token exactly as UCM's authorization server issued it: not a refresh token, not a "
        "token of another identity provider, and not truncated by a size limit.",
        _LOG,
    ),
    "token_signature": _assumed(
        "The token was not signed with the signing key that this node holds: keys were regenerated, the token "
        "is from another cluster, or it was altered.",
        "After regenerating keys (set key regen authz signing) restart Cisco CallManager, refresh "
        "Expressway-C's servers, and have clients sign in again.",
        _KEYS,
    ),
    "token_decrypt": _assumed(
        "The token's inner part cannot be decrypted with the encryption key that this node holds.",
        "After regenerating keys (set key regen authz encryption) restart Cisco CallManager, refresh "
        "Expressway-C's servers, and have clients sign in again.",
        _KEYS,
    ),
    "token_claims": _assumed(
        "A claim of the token is missing, or names another cluster or service.",
        "Have the client use the authorization server of the cluster with which it registers.",
        _LOG,
    ),
    "token_time": _assumed("The token is not valid at this moment.", _RENEW, _CLOCK),
    "token_subject": _assumed(
        "The token is genuine, but its user, its scope or a revocation forbids the registration.",
        "Check that the user exists and is active, and what the token was granted for.",
        _USER,
    ),
    "subject_owns_device": _assumed(
        REPLIES[Reason.SUBJECT_DEVICE_MISMATCH].explanation,
        REPLIES[Reason.SUBJECT_DEVICE_MISMATCH].remedy,
        _USER,
    ),
}
_BY_PROBLEM: Mapping[P, Advice] = {
    P.TOKEN_ABSENT: Advice(
        cause="The client did not answer the challenge with a token. Only Cisco's SIP stacks know this "
        "challenge (Bearer, without RFC 8898's parameters) without further configuration.",
        remedy="Have the client send its access token in Proxy-Authorization after the 407, or with its first "
        "REGISTER.",
        verify=_LOG,
        mark="observed",
        source="sip-wire R1; tls-alerts.md (other phones)",
    ),
    P.REALM_MISMATCH: _assumed(
        "The credentials are for a different realm from the challenge's.", "Repeat the challenge's realm.", _LOG
    ),
    P.EXPIRED: _assumed(
        "The token has expired, or this node's clock is ahead of the issuer's.",
        f"{_RENEW} The enterprise parameter OAuth Access Token Expiry Timer sets the expiry. If even a fresh "
        "token has expired, set the node's clock by NTP.",
        _CLOCK,
    ),
    P.NOT_YET_VALID: _assumed(
        "By this node's clock the token is not valid yet: this clock is behind, or the issuer's is ahead.",
        "Synchronise the nodes' clocks by NTP (utils ntp server list, utils ntp restart).",
        _CLOCK,
    ),
    P.ISSUED_IN_FUTURE: _assumed(
        "By this node's clock the token was issued in the future: this clock is behind, or the issuer's is "
        "ahead.",
        "Synchronise the nodes' clocks by NTP (utils ntp server list, utils ntp restart).",
        _CLOCK,
    ),
    P.WRONG_TOKEN_KIND: _assumed(
        "The wrong kind of token was sent: a refresh token, an unencrypted JWT, or a bare JWE.",
        "Send the access_token from UCM's answer.",
        _LOG,
    ),
    P.ISSUER_MISMATCH: _assumed(
        "The token was issued by another cluster.",
        "Have the client sign in to the cluster with which it registers.",
        _LOG,
    ),
    P.SUBJECT_UNKNOWN: _assumed(
        "The token's user does not exist in this cluster.",
        "Add or synchronise the user, or have the right user sign in.",
        _USER,
    ),
    P.SUBJECT_INACTIVE: _assumed("The token's user is inactive.", "Activate the user (LDAP status).", _USER),
    P.REVOKED: _assumed("The token was revoked.", "Have the user sign in again.", _USER),
}

OWN_RIGHT = {
    "onward": Advice(
        cause="The Expressway itself answered: it has no working connection to the node behind it (an earlier "
        "attempt failed and it is waiting), or it does not know the requested node, phone or extension.",
        remedy="Find the attempt in which its zone failed, repair the cause, then refresh the Unified CM "
        "servers. An Expressway-E gives this answer while its traversal zone is down.",
        verify="Configuration > Zones > Zones: the state of the CEOAuth zones on Expressway-C, and of the "
        "traversal zone on both; the search history",
        mark="assumed",
        source="sip-wire 8.1, R12",
    ),
    "no_zone": Advice(
        cause="The Expressway has no route for this request: no search rule leads to the node, usually because "
        "the CEOAuth zone does not exist. A discovery creates it if SIP OAuth mode and Authorize by "
        "OAuth token with refresh are on.",
        remedy="On Expressway-C set Authorize by OAuth token with refresh to On (Configuration > Unified "
        "Communications > Configuration), then refresh the Unified CM servers.",
        verify="Expressway-C: Configuration > Zones > Zones lists CEOAuth <node>; Status > Search history",
        mark="assumed",
        source="sip-wire 8.1, R12",
    ),
    "edge_keys": Advice(
        cause="The Expressway-C checked the token and refused it: the Expressway-C does not hold the current "
        "token keys of the cluster that issued it, or the token has expired.",
        remedy="After set key regen authz on the publisher, refresh the Unified CM servers on Expressway-C, "
        "which then fetches the keys. Otherwise have the client renew its token.",
        verify="show key authz signing and show key authz encryption on the publisher; "
        "Expressway-C's event log",
        mark="assumed",
        source="oauth-tokens 8; sip-wire 8.3",
    ),
    "answer": Advice(
        cause="The connection was open, but no answer came: CallManager on that node hangs or is overloaded, "
        "or a device in between drops the traffic.",
        remedy="Check whether the request arrived there. If it did, restart Cisco CallManager on that node; if "
        "not, look for a firewall or SIP inspection in between.",
        verify="utils core active list and show process load cpu on the node; utils network capture port 5090",
        mark="assumed",
        source="RFC 3261 17.1.2",
    ),
}


def advice_for_reason(reason: Reason, problem: P | None = None) -> Advice:
    """Return the advice for a refusal of the registrar. Total over Reason."""
    rule = REPLIES[reason]
    if problem is not None and reason in (Reason.TOKEN_REFUSED, Reason.TOKEN_FORBIDDEN):
        return advice_for_problem(problem)
    return Advice(
        cause=rule.explanation, remedy=rule.remedy, verify=rule.verify, mark=rule.mark, source=rule.source
    )


def advice_for_problem(problem: P) -> Advice:
    """Return the advice for a problem of a token. Total over TokenProblem."""
    return _BY_PROBLEM.get(problem) or _BY_ROW[PROBLEM_ROWS[problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a client sees of a refusal whose reason it is not told."""

    status: int
    warning: str | None
    retry_after: bool
    role: str
    """Of the port it used: oauth, mra, sips or sip."""
    had_token: bool
    again: bool
    """Tokens were refused on this connection before."""
    presented: bool
    """It brought a certificate."""


_PORTS_OF: Mapping[Reason, tuple[str, ...]] = {
    Reason.MUTUAL_TLS_ON_OAUTH_PORT: ("oauth",),
    Reason.PEER_NOT_IN_TABLE: ("mra",),
    Reason.OAUTH_MODE_OFF: ("oauth", "mra"),
    Reason.PROFILE_NOT_OAUTH: ("oauth",),
    Reason.NOT_OAUTH_DEVICE_ON_MRA_PORT: ("mra",),
    Reason.OAUTH_DEVICE_ON_LEGACY_PORT: ("sip", "sips"),
    Reason.SECURE_DEVICE_ON_PLAIN_PORT: ("sip",),
    Reason.PLAIN_DEVICE_ON_SECURE_PORT: ("sips",),
    Reason.LSC_MISSING: ("sips",),
    Reason.LSC_NAME_MISMATCH: ("sips",),
    Reason.TOKEN_REFUSED: ("oauth", "mra"),
    Reason.TOKEN_FORBIDDEN: ("oauth", "mra"),
    Reason.SUBJECT_DEVICE_MISMATCH: ("oauth", "mra"),
    Reason.MULTIPLE_CREDENTIALS: ("oauth", "mra"),
}
"""Reasons that not every port knows."""
_ABOUT_TOKENS = (
    Reason.TOKEN_REFUSED,
    Reason.TOKEN_FORBIDDEN,
    Reason.SUBJECT_DEVICE_MISMATCH,
    Reason.MULTIPLE_CREDENTIALS,
)
_ABOUT_CERTIFICATES = {
    Reason.MUTUAL_TLS_ON_OAUTH_PORT: True,
    Reason.LSC_MISSING: False,
    Reason.LSC_NAME_MISMATCH: True,
}
"""Whether a certificate was presented then."""


_LIKELY = (
    Reason.SUBJECT_DEVICE_MISMATCH,
    *(reason for reason in Reason if reason not in (Reason.SUBJECT_DEVICE_MISMATCH, Reason.TOKEN_REFUSED)),
    Reason.TOKEN_REFUSED,
)
"""Of those that one answer leaves open: a 403 at once is about whose the token is."""
_LIKELY_AGAIN = (Reason.TOKEN_REFUSED, *(reason for reason in _LIKELY if reason is not Reason.TOKEN_REFUSED))
"""Challenged again and again before: it is the token itself."""


_OF_EXPRESSWAY = {
    (refusal.status, refusal.warning): right
    for refusal, right in (
        (refusals.NO_ROUTE, "no_zone"),
        (refusals.NO_PHONE, "onward"),
        (refusals.UNREACHABLE, "onward"),
        (refusals.UNAVAILABLE, "onward"),
    )
}
"""By their Warnings: answers that come from an Expressway on the way, not from the registrar."""


def advice_for_answer(seen: Seen) -> tuple[Advice, ...]:
    """List what may be behind an answer of a registrar that reports nothing here, the likeliest first.

    What contradicts the port, the token, the certificate or the answer's header fields is left out, unless
    everything does.
    """
    own = _OF_EXPRESSWAY.get((seen.status, seen.warning or ""))
    if own is not None:
        return (OWN_RIGHT[own],)
    if seen.status in (401, 407) and seen.warning:
        return (OWN_RIGHT["edge_keys"],)  # UCM's challenges have no Warning
    if seen.status in (401, 407):
        return (advice_for_problem(P.EXPIRED), _BY_ROW["token_signature"])
    rules = [(reason, rule) for reason, rule in REPLIES.items() if rule.status == seen.status]
    exact = [reason for reason, rule in rules if seen.warning is not None and rule.warning == seen.warning]
    pool = exact or [reason for reason, rule in rules if rule.warning is None]
    fitting = [reason for reason in pool if _fits(reason, seen)]
    ranked = sorted(fitting or pool, key=_LIKELY_AGAIN.index if seen.again else _LIKELY.index)
    return tuple(advice_for_reason(reason) for reason in ranked)


def _fits(reason: Reason, seen: Seen) -> bool:
    return (
        seen.role in _PORTS_OF.get(reason, (seen.role,))
        and REPLIES[reason].retry_after == seen.retry_after
        and (seen.had_token or reason not in _ABOUT_TOKENS)
        and _ABOUT_CERTIFICATES.get(reason, seen.presented) == seen.presented
    )
