"""explain over whole runs: the first failure of every built-in scenario, and what is made of it."""

from __future__ import annotations

import json

import pytest

from registrar.core.reasons import Reason
from registrar.core.tokens import TokenProblem
from simulator.core import events as ev
from simulator.core.eventlog import EventLog, record_from_json, record_to_json
from simulator.core.flow import ActorId, FlowId
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.settings import TlsVersion
from simulator.lab import catalogue
from simulator.lab.explain import Attempt, brief, checklist, explain, failures, full, summary
from simulator.lab.explain.register_checks import PROBLEM_ROWS, REASON_ROWS
from simulator.lab.report import Report
from simulator.lab.run import run_world
from simulator.lab.scenario import Scenario

FIRST_FAILURES = {
    "cn-san-not-in-table": ("name_table", "expc → ucm-pub", "expresswaycconfiguration"),
    "device-unknown": ("configuration", "", "Add the device"),
    "duplicate-registration": ("no_other_client", "REGISTER at ucm-pub", "Sign the other client out"),
    "expired-token": ("token_time", "REGISTER at ucm-pub", "OAuth Access Token Expiry Timer"),
    "expressway-certificate-expired": ("validity", "expc → ucm-pub", "signed anew"),
    "expressway-server-only-eku": ("usage", "expc → ucm-pub", "clientAuth"),
    "expressway-unknown-ca-after-discovery": ("chain", "expc → ucm-pub", "tomcat-trust"),
    "interval-too-brief": ("expires_acceptable", "REGISTER at ucm-pub", "Min-Expires"),
    "lsc-missing-on-5061": ("client_certificate", "CSFDAVE → ucm-pub", "CAPF"),
    "port-mismatch-mode-off": ("oauth_mode_on", "REGISTER at ucm-pub", "utils sipOAuth-mode enable"),
    "port-mismatch-mutual-tls": ("peer_admitted", "REGISTER at ucm-pub", "without a certificate"),
    "port-mismatch-profile": ("port_fits_profile", "REGISTER at ucm-pub", "Enable OAuth Authentication"),
    "token-of-another-user": ("subject_owns_device", "REGISTER at ucm-pub", "Owner User ID"),
    "signer-missing-healed-over-the-cli": ("chain", "expc → ucm-pub", "tomcat-trust"),
    "tomcat-not-trusted-by-phone": ("server_certificate", "CSFALICE → ucm-pub", "trust store"),
    "tomcat-regenerated-without-restart": ("server_certificate", "CSFALICE → ucm-pub", "restart"),
    "unknown-ca-from-expressway": ("server_certificate", "expc → ucm-pub", "Trusted CA certificate"),
    "unknown-ca-from-ucm": ("chain", "expc → ucm-pub", "tomcat-trust"),
}
"""Scenario -> (check, leg, words that cause, remedy or proof must have)."""

RUNS = [
    pytest.param(scenario, version, id=f"{scenario.id} on TLS {version}")
    for scenario in catalogue.builtin()
    for version in scenario.tls
]


def run(name: str, tls: TlsVersion = "1.2") -> Report:
    (scenario,) = catalogue.find([name])
    return run_world(scenario, tls)


def states(attempt: Attempt) -> dict[str, str]:
    """By check; of a check on several legs the last."""
    return {row.id: row.state for row in attempt.rows}


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_the_first_failure_is_the_right_one(scenario: Scenario, tls: TlsVersion) -> None:
    attempts = explain(run_world(scenario, tls).records)
    failed = [attempt for attempt in attempts if not attempt.passed]
    expected = FIRST_FAILURES.get(scenario.id)
    if expected is None:
        # A scenario that is not in the table: whatever failed, something is said about it.
        assert all(attempt.advice for attempt in failed)
        return
    check, leg, words = expected
    failure = failed[0].failure
    assert failure is not None
    assert (failure.id, failure.leg) == (check, leg)
    (advice,) = failed[0].advice
    assert words in " ".join((advice.cause, advice.remedy, advice.verify))


CERTIFICATE_CHECKS = {"chain", "validity", "usage"}


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_a_checklist_passes_up_to_its_first_failure_and_reaches_nothing_after_it(
    scenario: Scenario, tls: TlsVersion
) -> None:
    for attempt in explain(run_world(scenario, tls).records):
        found = [row.state for row in attempt.rows]
        failed = found.index("fail") if "fail" in found else len(found)
        # What a client that vanished would have shown is unseen; no chain without a certificate.
        not_passed = {row.id: row.state for row in attempt.rows[:failed] if row.state not in ("pass", "unseen")}
        assert set(not_passed.values()) <= {"not_reached"}
        assert not_passed.keys() <= CERTIFICATE_CHECKS
        assert set(found[failed + 1 :]) <= {"not_reached"}
        assert bool(attempt.advice) == (failed < len(found))


@pytest.mark.parametrize("name", sorted(FIRST_FAILURES))
def test_what_is_said_holds_no_token_and_fits_the_width(name: str) -> None:
    for attempt in explain(run(name).records):
        for line in full(attempt, width=80):
            assert len(line) <= 80 or " " not in line.strip()
            assert "eyJ" not in line


def test_a_registration_through_an_expressway_is_one_list_over_both_connections() -> None:
    first = explain(run("registers-over-5091").records)[0]
    assert first.passed
    assert list(dict.fromkeys(row.leg for row in first.rows)) == [
        "",
        "CSFALICE → expc",
        "expc → ucm-pub",
        "REGISTER at ucm-pub",
    ]
    assert first.rows[-1].evidence == "registered, 120 s"


def test_the_challenge_and_its_answer_are_one_attempt() -> None:
    attempts = explain(run("registers-on-5090").records)
    assert [attempt.outcome for attempt in attempts] == [
        "registered, 120 s",
        "refreshed, 120 s",
        "unregistered, 0 s",
    ]
    assert (
        next(row for row in attempts[0].rows if row.id == "credentials").evidence
        == "sent after a 407 challenge"
    )


def test_evidence_names_certificate_issuer_and_what_is_trusted() -> None:
    (failed,) = failures(explain(run("unknown-ca-from-ucm").records))
    assert failed.failure is not None
    for words in (
        "alert 48 unknown_ca",
        "expc.lab.example",
        "issued by CN=expressway-ca",
        "trusts CN=tomcat-ca",
    ):
        assert words in failed.failure.evidence


def test_a_refused_server_certificate_is_known_by_its_owner_in_tls_13_too() -> None:
    (failed,) = failures(explain(run("unknown-ca-from-expressway", "1.3").records))
    assert failed.failure is not None
    assert "presented was ucm-pub.lab.example" in failed.failure.evidence


def test_what_fails_again_and_again_is_told_once() -> None:
    attempts = explain(run("expired-token").records)
    assert len(attempts) > 1
    assert len(failures(attempts)) == 1
    assert len(summary(attempts)) == len(attempts)


def test_brief_full_and_checklist_differ_in_what_they_tell() -> None:
    (failed,) = failures(explain(run("expired-token").records))
    assert any("Remedy:" in line for line in brief(failed))
    assert not any("PASS" in line for line in brief(failed))
    assert not any("Remedy:" in line for line in checklist(failed))
    assert full(failed)[: len(checklist(failed))] == checklist(failed)


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_records_read_back_from_json_say_the_same(scenario: Scenario, tls: TlsVersion) -> None:
    records = run_world(scenario, tls).records
    read = [record_from_json(json.loads(json.dumps(record_to_json(record)))) for record in records]
    assert [record_to_json(record) for record in read] == [record_to_json(record) for record in records]
    assert [a.to_json()["checks"] for a in explain(read)] == [a.to_json()["checks"] for a in explain(records)]


def test_no_records_are_no_attempts() -> None:
    assert explain([]) == ()


# --- every reason -----------------------------------------------------------------------------------------


def judged(judge: str, **fields: object) -> Attempt:
    """A REGISTER of a foreign client, decided like this."""
    log = EventLog(ManualClock(Instant(1000.0)))
    ucm, flow = ActorId("ucm-pub"), FlowId(1)
    opened = ev.FlowOpened(
        transport="tcp", local="192.0.2.1:5060", remote="192.0.2.9:40000", listener="sip-tcp"
    )
    log.emit(ucm, opened, flow=flow)
    said = ev.SipReceived(start_line="REGISTER sip:x SIP/2.0", method="REGISTER", call_id="a", cseq=1)
    cause = log.emit(ucm, said, flow=flow).seq
    log.emit(ucm, ev.EVENTS[judge](device=None, aor="sip:1@x", **fields), flow=flow, cause=cause)  # type: ignore[call-arg]
    (attempt,) = explain(log.records())
    return attempt


@pytest.mark.parametrize("role", ["oauth", "mra"])
@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if REASON_ROWS[reason] not in ("readable", "served")]
)
def test_every_reason_the_registrar_gives_fails_its_row(reason: Reason, role: str) -> None:
    if REASON_ROWS[reason] == "certificate_names_device":
        role = "sips"
    attempt = judged(
        "registrar:rejected",
        reason=reason.value,
        detail="why",
        status=403,
        cause=1,
        mark="assumed",
        port_role=role,
    )
    assert attempt.failure is not None
    assert attempt.failure.id == REASON_ROWS[reason]
    assert f"{reason.value}: why" in attempt.failure.evidence
    assert attempt.advice


@pytest.mark.parametrize("problem", TokenProblem)
def test_every_token_problem_fails_its_row(problem: TokenProblem) -> None:
    attempt = judged(
        "registrar:challenged",
        status=407,
        reason=problem.value,
        detail="why",
        port_role="oauth",
        token_problem=problem.value,
    )
    assert attempt.failure is not None
    assert attempt.failure.id == PROBLEM_ROWS[problem]
    assert attempt.advice


def test_a_reason_of_a_newer_version_is_shown_without_advice() -> None:
    attempt = judged(
        "registrar:rejected",
        reason="new",
        detail="why",
        status=499,
        cause=1,
        mark="assumed",
        check="device_known",
    )
    assert attempt.failure is not None
    assert attempt.failure.id == "device_known"
    assert attempt.advice == ()
