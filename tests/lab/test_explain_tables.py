"""The tables behind explain are total: no check, reason, token problem, alert or fault is without its words."""

from __future__ import annotations

import pytest

from registrar.core.checks import CHECKS
from registrar.core.reasons import Reason
from registrar.core.tokens import TokenProblem
from simulator.core.events import TlsFailed
from simulator.core.tls.alerts import ALERT_NAMES
from simulator.lab.explain import register_checks as checks
from simulator.lab.explain.model import Advice
from simulator.lab.explain.register_advice import advice_for_answer, advice_for_problem, advice_for_reason
from simulator.lab.explain.tls_advice import ROLES, advice_for
from simulator.lab.explain.tls_faults import ALERT_FAULTS, VERIFY_FAULTS, Fault, failed_check, fault_of, refuser
from simulator.lab.explain.tls_rows import CHECKS as TLS_CHECKS
from simulator.lab.explain.tls_rows import PORTS

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
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_on_every_port_and_side_has_advice(fault: Fault, side: str, role: str) -> None:
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
    assert fault_of(seen) is Fault.NOT_YET_VALID
    assert failed_check(seen) == "validity"


def test_the_tables_of_numbers_hold_known_numbers_only() -> None:
    assert set(ALERT_FAULTS) <= set(ALERT_NAMES) | {41}
    assert all(0 < code < 100 for code in VERIFY_FAULTS)


@pytest.mark.parametrize(
    ("status", "warning", "count"),
    [
        (403, "SIP OAuth Registration port Mismatch", 5),
        (404, None, 3),
        (503, None, 1),
        (407, None, 2),
        (600, None, 0),
    ],
)
def test_an_answer_alone_leads_to_what_may_be_behind_it(status: int, warning: str | None, count: int) -> None:
    found = advice_for_answer(status, warning)
    assert len(found) == count
    assert all(map(is_complete, found))
