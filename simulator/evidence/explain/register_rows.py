"""The checklist of one REGISTER, from the registrar's decision, or from the answer where that is all we see."""

from __future__ import annotations

from dataclasses import dataclass

from registrar.core.register.reasons import Reason
from registrar.core.tokens import TokenProblem
from simulator.core import events as ev
from simulator.core.sip.stream import TLS_INSTEAD
from simulator.evidence.explain.model import Advice, ExplainRow, State
from simulator.evidence.explain.register_advice import (
    OWN_RIGHT,
    Seen,
    advice_for_answer,
    advice_for_problem,
    advice_for_reason,
)
from simulator.evidence.explain.register_checks import PROBLEM_ROWS, READABLE, REASON_ROWS, SERVED, rows_for

Judgement = ev.RegistrarAccepted | ev.RegistrarChallenged | ev.RegistrarRejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final answer as a client saw it."""

    status: int
    phrase: str
    warning: str | None = None
    retry_after: bool = False

    def __str__(self) -> str:
        return f"{self.status} {self.phrase}" + (f' "{self.warning}"' if self.warning else "")


Found = tuple[list[ExplainRow], tuple[Advice, ...]]


def judged(event: Judgement, leg: str, *, challenged_before: bool) -> Found:
    """Write the rows of everything the registrar checked, up to the check that objected."""
    failed, advice = _objection(event)
    order = rows_for(event.port_role or "oauth")
    stop = next((index for index, (_, row, _) in enumerate(order) if row == failed), len(order))
    rows = []
    for index, (check, row, title) in enumerate(order):
        state: State = "pass" if index < stop else "fail" if index == stop else "not_reached"
        evidence = _evidence(check, row, event, challenged_before) if state == "pass" else ""
        if state == "fail":
            evidence = _objected(event)
        rows.append(ExplainRow(id=row, title=title, state=state, evidence=evidence, leg=leg))
    return rows, advice


def not_judged(role: str, leg: str) -> list[ExplainRow]:
    """Write the rows of a REGISTER that never reached the registrar."""
    return [ExplainRow(id=row, title=title, state="not_reached", leg=leg) for _, row, title in rows_for(role)]


def unanswered(role: str, leg: str) -> Found:
    """Write the rows of a REGISTER to which a registrar that reports here said nothing."""
    row = ExplainRow(
        id="answer", title="Answered", state="fail", evidence="no answer until the connection ended", leg=leg
    )
    return [row, *not_judged(role, leg)], (OWN_RIGHT["answer"],)


def answered(
    answer: Answer | None, role: str, leg: str, *, had_token: bool, again: bool = False, presented: bool = False
) -> Found:
    """Write the rows for a registrar that reports nothing here: a real UCM, or one whose events are not in
    these records.

    `again`: tokens were refused on this connection before. `presented`: the client presented a certificate.
    """
    unseen = [ExplainRow(id=row, title=title, state="unseen", leg=leg) for _, row, title in rows_for(role)]
    if answer is None:
        row = ExplainRow(
            id="answer", title="Answered", state="fail", evidence="no final answer was seen", leg=leg
        )
        return [*unseen, row], (OWN_RIGHT["answer"],)
    if answer.status < 300:
        passed = [
            ExplainRow(id=row.id, title=row.title, state="pass", leg=leg, evidence=_by_answer(answer))
            for row in unseen
        ]
        return passed, ()
    row = ExplainRow(id="answer", title="Answered with success", state="fail", evidence=str(answer), leg=leg)
    if answer.status in (401, 407) and not had_token:
        return [*unseen, row], (advice_for_problem(TokenProblem.TOKEN_ABSENT),)
    seen = Seen(
        status=answer.status,
        warning=answer.warning,
        retry_after=answer.retry_after,
        role=role,
        had_token=had_token,
        again=again,
        presented=presented,
    )
    return [*unseen, row], advice_for_answer(seen)


def by_expressway(answer: Answer | None, leg: str) -> Found:
    """Write the rows for an answer that an Expressway gave itself: the request went no further."""
    text = f"answered {answer} itself" if answer else "was not passed on"
    row = ExplainRow(id="onward", title="Passed on by the Expressway", state="fail", evidence=text, leg=leg)
    status = answer.status if answer else 0
    kind = {401: "edge_keys", 404: "no_zone", 407: "edge_keys"}.get(status, "onward")
    return [row], (OWN_RIGHT[kind],)


_TLS_TO_PLAIN = Advice(
    cause="The client speaks TLS to a port that takes plain SIP.",
    remedy="Have the client use the TLS port of its profile (5090 with OAuth, 5061 with an LSC), or TCP here.",
    verify="the first bytes in a capture; the device's cnf.xml: transportLayerProtocol and its ports",
    mark="assumed",
    source="sip-wire 1",
)


def malformed(event: ev.SipMalformed, leg: str) -> Found:
    said = f"; answered {event.status}" if event.status else "; not answered"
    row = ExplainRow(id=READABLE[0], title=READABLE[1], state="fail", evidence=event.detail + said, leg=leg)
    return [row], (_TLS_TO_PLAIN if event.detail == TLS_INSTEAD else advice_for_reason(Reason.MALFORMED),)


def not_served(method: str, answer: Answer, leg: str) -> Found:
    """Write the rows of a refused request that was no REGISTER."""
    reason = {405: Reason.METHOD_NOT_ALLOWED, 481: Reason.NO_DIALOG, 503: Reason.THROTTLED}.get(answer.status)
    row = ExplainRow(id=SERVED[0], title=SERVED[1], state="fail", evidence=f"{method}: {answer}", leg=leg)
    return [row], (advice_for_reason(reason),) if reason else ()


def not_in_table() -> Advice:
    """Write the rows for 5091 where the certificate is trusted and its name is not in UCM's Expressway-C
    table.
    """
    return advice_for_reason(Reason.PEER_NOT_IN_TABLE)


def _objection(event: Judgement) -> tuple[str | None, tuple[Advice, ...]]:
    """Return the id of the row that failed, and the advice for it."""
    if isinstance(event, ev.RegistrarAccepted):
        return None, ()
    problem = _problem(event.token_problem)
    if isinstance(event, ev.RegistrarChallenged):
        problem = problem or _problem(event.reason) or TokenProblem.BEARER_SYNTAX
        return PROBLEM_ROWS[problem], (advice_for_problem(problem),)
    try:
        reason = Reason(event.reason)
    except ValueError:
        return event.check or None, ()
    row = PROBLEM_ROWS[problem] if problem is not None else REASON_ROWS[reason]
    return row, (advice_for_reason(reason, problem),)


def _problem(text: str) -> TokenProblem | None:
    try:
        return TokenProblem(text)
    except ValueError:
        return None


def _objected(event: Judgement) -> str:
    if isinstance(event, ev.RegistrarAccepted):
        return ""
    # "expired 3 s ago" says its reason already
    found = event.detail if event.detail.startswith(event.reason) else f"{event.reason}: {event.detail}"
    said = f"answered {event.status}" if event.status else "closed without an answer"
    return f"{found}; {said} [{event.mark}]"


def _by_answer(answer: Answer) -> str:
    return f"follows from the answer {answer.status}"


def _evidence(check: str, row: str, event: Judgement, challenged: bool) -> str:
    """Describe what a check that passed looked at."""
    oauth = "on" if event.profile_oauth else "off"
    texts = {
        "oauth_mode_on": "on when CallManager started",
        "device_known": event.device or "",
        "port_fits_profile": f"{event.port_role} port; profile {event.profile}: {event.profile_mode}, "
        f"OAuth {oauth}",
        "certificate_names_device": f"{event.device or ''} or {event.profile}",
        "credentials": "sent after a 407 challenge" if challenged else "sent with the first REGISTER",
        "token_shape": event.token or "",
        "token_claims": f"scope {', '.join(event.token_scopes)}" if event.token_scopes else "",
        "token_subject": event.token_subject,
        "subject_owns_device": f"{event.token_subject} among {', '.join(event.owners) or 'nobody'}",
        "line_configured": f"{event.dn} among {', '.join(event.lines)}" if event.lines else event.dn,
        "expires_acceptable": f"{event.asked_expires} s asked for" if event.asked_expires is not None else "",
        "peer_admitted": {
            "oauth": "no client certificate, as it must be",
            "mra": "in the Expressway-C table",
        }.get(event.port_role, "no terms on this port"),
    }
    if row == "token_time" and event.token_left is not None:
        return f"issued {event.token_age} s ago, good for another {event.token_left} s"
    if row == "binding" and isinstance(event, ev.RegistrarAccepted):
        return f"{event.what.replace('_', ' ')}, {event.expires} s"
    if check == "token_good" and event.token is None and not event.token_problem:
        return "not asked for again on this connection" if row == "credentials" else ""
    return texts.get(row, "")
