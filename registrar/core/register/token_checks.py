"""The checks of a bearer token: is there one, is it good, may its user register the device? They only read."""

from __future__ import annotations

from registrar.core.register.context import RegisterContext
from registrar.core.register.policy import BadToken
from registrar.core.register.reasons import Reason
from registrar.core.register.verdicts import Challenged, RegisterAttempt, Rejected
from registrar.core.tokens import TokenProblem, TokenRefused
from registrar.core.tokens.outcomes import answer
from simulator.core.sip import RFC8898, BearerToken, parse_bearer
from simulator.core.sip.bearer import repeats


def token_good(context: RegisterContext, attempt: RegisterAttempt) -> Challenged | Rejected | None:
    """Object to a REGISTER on an OAuth port without a token, or with one that is not good."""
    peer = attempt.peer
    if not peer.role.is_oauth:
        return None
    known = peer.token
    if known is not None and repeats(attempt.request, known):
        return token_accepted(context, attempt, known)
    credentials = parse_bearer(attempt.request)
    if isinstance(credentials, BearerToken):
        attempt.sent = credentials.token
        return token_accepted(context, attempt, attempt.sent)
    problem = TokenProblem(credentials.kind)
    if problem is not TokenProblem.TOKEN_ABSENT:
        return refused_token(context, attempt, problem, credentials.detail)
    if not context.policy.challenge_refreshes and peer.proven and is_own_refresh(context, attempt):
        return None
    wire = answer(problem, context.policy.dialect)
    return Challenged(
        status=context.dialect.challenge_status,
        header=context.first_challenge,
        problem=problem,
        detail=credentials.detail,
        mark=wire.mark,
        attempt=attempt,
    )


def token_accepted(
    context: RegisterContext, attempt: RegisterAttempt, token: str
) -> Challenged | Rejected | None:
    """Validate a token and note what it says; object if it is not good."""
    attempt.clock = context.wall_clock(attempt.now)
    facts = context.tokens.validate(token, attempt.clock)
    if isinstance(facts, TokenRefused):
        return refused_token(context, attempt, facts.problem, f"{facts.detail} ({facts.ref})")
    attempt.token = facts
    return None


def refused_token(
    context: RegisterContext, attempt: RegisterAttempt, problem: TokenProblem, detail: str
) -> Challenged | Rejected:
    """Decide how a bad token is answered: by its problem, the policy and the guard against loops."""
    policy = context.policy
    wire = answer(problem, policy.dialect)
    if wire.status == 400:
        return Rejected(reason=Reason.MULTIPLE_CREDENTIALS, detail=detail, attempt=attempt, problem=problem)
    if wire.status == 403:
        return Rejected(reason=Reason.TOKEN_FORBIDDEN, detail=detail, attempt=attempt, problem=problem)
    given = attempt.peer.refusals.get(attempt.parsed.call_id, 0)
    if policy.bad_token is BadToken.FORBID or given >= policy.max_challenges:
        detail = f"{problem}: {detail}"
        if given:
            detail += f"; {given} challenges brought no better token"
        return Rejected(reason=Reason.TOKEN_REFUSED, detail=detail, attempt=attempt, problem=problem)
    dialect, error = context.dialect, wire.error
    if policy.bad_token is BadToken.CHALLENGE_401:
        dialect, error = RFC8898, answer(problem, "rfc8898").error
    return Challenged(
        status=dialect.challenge_status,
        header=context.challenge(dialect, error),
        problem=problem,
        detail=detail,
        mark=wire.mark,
        attempt=attempt,
    )


def is_own_refresh(context: RegisterContext, attempt: RegisterAttempt) -> bool:
    """Does the connection refresh the binding of the device that proved itself on it?"""
    assert attempt.device is not None
    binding = context.bindings.get(attempt.device.name, attempt.parsed.dn)
    return (
        attempt.peer.device == attempt.device.name
        and binding is not None
        and binding.flow == attempt.peer.flow
        and binding.call_id == attempt.parsed.call_id
    )


def subject_owns_device(context: RegisterContext, attempt: RegisterAttempt) -> Rejected | None:
    """Object to a token whose user neither owns the device nor is associated with it.

    [assumed: sip-wire Q16]
    """
    token, device = attempt.token, attempt.device
    if token is None or not context.policy.check_owner:
        return None
    assert device is not None
    if token.device == device.name if token.device is not None else device.belongs_to(token.subject):
        return None
    detail = f"token of {token.subject!r}, device {device.name} belongs to {device.owner or 'nobody'}"
    problem = TokenProblem.SUBJECT_DEVICE_MISMATCH
    return Rejected(reason=Reason.SUBJECT_DEVICE_MISMATCH, detail=detail, attempt=attempt, problem=problem)
