"""The tables behind explain are total: no check, reason, token problem, alert or fault is without its words."""

from __future__ import annotations

import pytest

from registrar.core.register.checks import CHECKS
from registrar.core.register.reasons import REPLIES, Reason
from registrar.core.tokens import TokenProblem
from simulator.core.events import TlsFailed
from simulator.core.tls.alerts import ALERT_NAMES
from simulator.evidence.explain import provisioning, signing_in
from simulator.evidence.explain import register_checks as checks
from simulator.evidence.explain.model import Advice
from simulator.evidence.explain.register_advice import (
    OWN_RIGHT,
    Seen,
    advice_for_answer,
    advice_for_problem,
    advice_for_reason,
)
from simulator.evidence.explain.tls_advice import ROLES, advice_for
from simulator.evidence.explain.tls_faults import (
    ALERT_FAULTS,
    VERIFY_FAULTS,
    TlsFault,
    failed_check,
    fault_of,
    refuser,
)
from simulator.evidence.explain.tls_rows import CHECKS as TLS_CHECKS
from simulator.evidence.explain.tls_rows import PORTS
from softphone.core.device_file.problems import ConfigProblem
from softphone.core.signin.transitions import SignInState as State

ROWS = {row for role in ("sip", "sips", "oauth", "mra") for _, row, _ in checks.rows_for(role)}
ROWS |= {checks.READABLE[0], checks.SERVED[0]}


def is_complete(advice: Advice) -> bool:
    return all((advice.cause, advice.remedy, advice.verify)) and advice.mark in (
        "documented",
        "observed",
        "assumed",
    )


def test_every_check_of_the_registrar_has_rows_and_nothing_else_has() -> None:
    assert set(checks.TITLES) == {check.__name__ for check in CHECKS}


def test_the_rows_stand_in_the_order_of_the_checks() -> None:
    order = [check for check, _, _ in checks.rows_for("mra") if check]
    assert list(dict.fromkeys(order)) == [
        check.__name__ for check in CHECKS if check.__name__ != "certificate_names_device"
    ]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_row_and_advice(reason: Reason) -> None:
    assert checks.REASON_ROWS[reason] in ROWS
    assert is_complete(advice_for_reason(reason))


@pytest.mark.parametrize("problem", TokenProblem)
def test_every_token_problem_has_a_row_and_advice(problem: TokenProblem) -> None:
    assert checks.PROBLEM_ROWS[problem] in ROWS
    assert is_complete(advice_for_problem(problem))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("side", ["client", "server"])
@pytest.mark.parametrize("fault", TlsFault)
def test_every_fault_on_every_port_and_side_has_advice(fault: TlsFault, side: str, role: str) -> None:
    assert is_complete(advice_for(fault, side, role))  # type: ignore[arg-type]
    assert role in PORTS


@pytest.mark.parametrize("by", ["us", "peer"])
@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("alert", [None, *sorted(ALERT_NAMES)])
def test_every_alert_either_way_fails_a_check_of_the_list(alert: int | None, role: str, by: str) -> None:
    name = ALERT_NAMES[alert] if alert is not None else None
    seen = TlsFailed(role=role, by=by, alert=alert, alert_name=name, reason="X")  # type: ignore[arg-type]
    assert failed_check(seen) in dict(TLS_CHECKS)
    assert refuser(seen) == (role if by == "us" else {"client": "server", "server": "client"}[role])


def test_what_openssl_said_in_a_verification_counts_more_than_the_alert() -> None:
    seen = TlsFailed(role="server", by="us", alert=42, alert_name="bad_certificate", reason="X", verify_code=9)
    assert fault_of(seen) is TlsFault.NOT_YET_VALID
    assert failed_check(seen) == "validity"


def test_the_tables_of_numbers_hold_known_numbers_only() -> None:
    assert set(ALERT_FAULTS) <= set(ALERT_NAMES) | {41}
    assert all(0 < code < 100 for code in VERIFY_FAULTS)


def seen(status: int, warning: str | None = None, role: str = "oauth", **more: bool) -> Seen:
    facts = {"retry_after": False, "had_token": True, "again": False, "presented": False, **more}
    return Seen(status=status, warning=warning, role=role, **facts)


MISMATCH = "SIP OAuth Registration port Mismatch"


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        pytest.param(
            seen(403, MISMATCH, retry_after=True),
            [Reason.OAUTH_MODE_OFF, Reason.PROFILE_NOT_OAUTH],
            id="a port mismatch on 5090 without a certificate is the mode or the profile",
        ),
        pytest.param(
            seen(403, MISMATCH, retry_after=True, presented=True),
            [Reason.MUTUAL_TLS_ON_OAUTH_PORT, Reason.OAUTH_MODE_OFF, Reason.PROFILE_NOT_OAUTH],
            id="with a certificate it may be the certificate",
        ),
        pytest.param(
            seen(403, MISMATCH, "sip", retry_after=True),
            [Reason.OAUTH_DEVICE_ON_LEGACY_PORT],
            id="a port mismatch on 5060 is an OAuth device there",
        ),
        pytest.param(
            seen(403),
            [Reason.SUBJECT_DEVICE_MISMATCH, Reason.TOKEN_FORBIDDEN, Reason.TOKEN_REFUSED],
            id="a bare 403 at once on 5090 is about whose the token is",
        ),
        pytest.param(
            seen(403, again=True),
            [Reason.TOKEN_REFUSED, Reason.SUBJECT_DEVICE_MISMATCH, Reason.TOKEN_FORBIDDEN],
            id="after more challenges it is the token itself",
        ),
        pytest.param(
            seen(403, role="sip", retry_after=True, had_token=False),
            [Reason.SECURE_DEVICE_ON_PLAIN_PORT],
            id="a bare 403 on 5060 is a secure device there",
        ),
        pytest.param(
            seen(403, role="sips", retry_after=True, had_token=False, presented=True),
            [Reason.PLAIN_DEVICE_ON_SECURE_PORT],
            id="a bare 403 on 5061 is a device that is not secure",
        ),
        pytest.param(
            seen(404),
            [Reason.DEVICE_UNKNOWN, Reason.LINE_UNKNOWN, Reason.DN_MISMATCH],
            id="a 404 is the device or the line",
        ),
        pytest.param(seen(503, retry_after=True), [Reason.THROTTLED], id="a 503 is overload"),
        pytest.param(seen(600), [], id="of a 600 nothing is known"),
    ],
)
def test_an_answer_alone_leads_to_what_may_be_behind_it(answer: Seen, reasons: list[Reason]) -> None:
    found = advice_for_answer(answer)
    assert [one.cause for one in found] == [REPLIES[reason].explanation for reason in reasons]
    assert all(map(is_complete, found))


@pytest.mark.parametrize(
    ("status", "warning", "right"),
    [
        pytest.param(404, "Policy Response", "no_zone", id="no search rule leads on"),
        pytest.param(408, "Request Timeout", "onward", id="the node behind it is not reached"),
        pytest.param(503, "Service Unavailable", "onward", id="the same, where the lab answers 503"),
        pytest.param(480, "Temporarily Unavailable", "onward", id="a phone it does not know"),
        pytest.param(407, "Token of an unknown key", "edge_keys", id="it does not take the token"),
    ],
)
def test_an_expressway_s_own_answer_is_not_laid_at_the_registrar_s_door(
    status: int, warning: str, right: str
) -> None:
    for role in ("mra", "oauth", "other"):
        assert advice_for_answer(seen(status, warning, role)) == (OWN_RIGHT[right],)


def test_a_challenge_in_answer_to_a_token_is_its_time_or_its_key() -> None:
    assert len(advice_for_answer(seen(407))) == 2


@pytest.mark.parametrize("reason", Reason)
def test_every_answer_of_the_registrar_leads_back_to_its_reason(reason: Reason) -> None:
    """On some port, with or without token and certificate."""
    rule = REPLIES[reason]
    found = {
        advice.cause
        for role in ("oauth", "mra", "sips", "sip")
        for presented in (False, True)
        for advice in advice_for_answer(
            seen(rule.status, rule.warning, role, retry_after=rule.retry_after, presented=presented)
        )
    }
    assert rule.explanation in found


# --- before any REGISTER ----------------------------------------------------------------------------------


def test_every_problem_of_a_configuration_has_its_own_advice() -> None:
    assert {problem.value for problem in ConfigProblem} == provisioning.CODES


def test_every_step_of_a_sign_in_has_its_title() -> None:
    resting = {State.SIGNED_OUT, State.SIGNED_IN, State.WAITING, State.EXPIRED, State.FAILED}
    assert signing_in.TITLES.keys() == {state.value for state in State} - {state.value for state in resting}


@pytest.mark.parametrize("code", sorted(signing_in.CODES))
def test_every_end_of_a_sign_in_has_its_advice(code: str) -> None:
    assert is_complete(signing_in.advice_for(code))
