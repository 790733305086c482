"""Cause, remedy and proof for refused REGISTERs: the registrar's own table, and for tokens a closer look."""

from __future__ import annotations

from collections.abc import Mapping

from registrar.core.reasons import REPLIES, Reason
from registrar.core.tokens import TokenProblem as P
from simulator.lab.explain.model import Advice
from simulator.lab.explain.register_checks import PROBLEM_ROWS

_KEYS = "show key authz signing and show key authz encryption on every node: the hashes must agree"
_USER = "User Management > End User: the token's user id, its status and its devices"
_CLOCK = "utils ntp status on every node; show key authz signing; the client's own clock"
_LOG = "the client's log of the answer of /ssosp/token; the REGISTER as it was sent"
_RENEW = "Let the client get a new access token with its refresh token, or sign in again."


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
        "What was sent is no access token of UCM's form: three base64url parts with an encrypted payload.",
        "Send the access_token of UCM's authorization server as it came, not a refresh token, not the token of "
        "another identity provider, and not cut off by a size limit.",
        _LOG,
    ),
    "token_signature": _assumed(
        "The token was not signed with the signing key this node holds: keys were regenerated, the token is of "
        "another cluster, or somebody changed it.",
        "After regenerating keys (set key regen authz signing) restart Cisco CallManager, refresh "
        "Expressway-C's servers, and let clients sign in again.",
        _KEYS,
    ),
    "token_decrypt": _assumed(
        "The token's inner part cannot be opened with the encryption key this node holds.",
        "After regenerating keys (set key regen authz encryption) restart Cisco CallManager, refresh "
        "Expressway-C's servers, and let clients sign in again.",
        _KEYS,
    ),
    "token_claims": _assumed(
        "A claim of the token is missing, or names another cluster or service.",
        "Let the client use the authorization server of the cluster it registers with.",
        _LOG,
    ),
    "token_time": _assumed("The token is not good at this moment.", _RENEW, _CLOCK),
    "token_subject": _assumed(
        "The token is genuine, but its user, scope or revocation forbids the registration.",
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
        cause="The client did not answer the challenge with a token. No SIP stack but Cisco's knows this "
        "challenge (Bearer, without RFC 8898's parameters) by itself.",
        remedy="Let the client send its access token in Proxy-Authorization after the 407, or with its first "
        "REGISTER.",
        verify=_LOG,
        mark="observed",
        source="sip-wire R1; tls-alerts.md (other phones)",
    ),
    P.REALM_MISMATCH: _assumed(
        "The credentials are for another realm than the challenge's.", "Repeat the challenge's realm.", _LOG
    ),
    P.EXPIRED: _assumed(
        "The token has expired, or the clocks of issuer and node disagree.",
        f"{_RENEW} Expiry is set by the enterprise parameter OAuth Access Token Expiry Timer.",
        _CLOCK,
    ),
    P.NOT_YET_VALID: _assumed(
        "By this node's clock the token is not valid yet.", "Synchronise the nodes' clocks by NTP.", _CLOCK
    ),
    P.ISSUED_IN_FUTURE: _assumed(
        "By this node's clock the token was issued in the future.",
        "Synchronise the nodes' clocks by NTP.",
        _CLOCK,
    ),
    P.WRONG_TOKEN_KIND: _assumed(
        "What was sent is another kind of token: a refresh token, an unencrypted JWT, or a bare JWE.",
        "Send the access_token of UCM's answer.",
        _LOG,
    ),
    P.ISSUER_MISMATCH: _assumed(
        "The token was issued by another cluster.",
        "Let the client sign in at the cluster it registers with.",
        _LOG,
    ),
    P.SUBJECT_UNKNOWN: _assumed(
        "The token's user does not exist in this cluster.",
        "Add or synchronise the user, or let the right user sign in.",
        _USER,
    ),
    P.SUBJECT_INACTIVE: _assumed("The token's user is inactive.", "Activate the user (LDAP status).", _USER),
    P.REVOKED: _assumed("The token was revoked.", "Let the user sign in again.", _USER),
}

OWN_RIGHT = {
    "onward": Advice(
        cause="The Expressway answered by itself: it has no working connection to the node behind it (an "
        "earlier attempt failed and it waits), or it does not know the node, phone or extension asked for.",
        remedy="Look at the attempt in which its zone failed; mend that, then refresh the Unified CM servers.",
        verify="Expressway-C: Configuration > Zones > Zones: state of the CEOAuth zones; its search history",
        mark="assumed",
        source="sip-wire 8.1, R12",
    ),
    "answer": Advice(
        cause="No answer came.",
        remedy="Look for the request at the other side: it may not have arrived, or its answer may be lost.",
        verify="a capture on both sides; the CallManager SDL trace around the Call-ID",
        mark="assumed",
        source="RFC 3261 17.1.2",
    ),
}


def advice_for_reason(reason: Reason, problem: P | None = None) -> Advice:
    """Total over Reason."""
    rule = REPLIES[reason]
    if problem is not None and reason in (Reason.TOKEN_REFUSED, Reason.TOKEN_FORBIDDEN):
        return advice_for_problem(problem)
    return Advice(
        cause=rule.explanation, remedy=rule.remedy, verify=rule.verify, mark=rule.mark, source=rule.source
    )


def advice_for_problem(problem: P) -> Advice:
    """Total over TokenProblem."""
    return _BY_PROBLEM.get(problem) or _BY_ROW[PROBLEM_ROWS[problem]]


def advice_for_answer(status: int, warning: str | None) -> tuple[Advice, ...]:
    """What may be behind an answer of a registrar that reports nothing here, by its status and Warning text."""
    if status in (401, 407):
        return (_BY_ROW["token_time"], _BY_ROW["token_signature"])
    rules = [(reason, rule) for reason, rule in REPLIES.items() if rule.status == status]
    exact = [reason for reason, rule in rules if warning is not None and rule.warning == warning]
    plain = [reason for reason, rule in rules if rule.warning is None]
    return tuple(advice_for_reason(reason) for reason in (exact or plain))
