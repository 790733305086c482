"""explain over whole runs: the first failure of every built-in scenario, and what is made of it."""

from __future__ import annotations

import json
import re

import pytest

from registrar.core.register.reasons import Reason
from registrar.core.tokens import TokenProblem
from simulator.core import events as ev
from simulator.core.events.log import EventLog, record_from_json, record_to_json
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant, ManualClock
from simulator.core.tls.settings import TlsVersion
from simulator.evidence.explain import Attempt, brief, checklist, explain, failures, full, summary
from simulator.evidence.explain.register_checks import PROBLEM_ROWS, REASON_ROWS
from simulator.evidence.report.report import Report
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import read_text
from simulator.lab.run.runner import run_live, run_world
from simulator.lab.steps.scenario import Scenario
from tests.simulator.catalogue_runs import RUNS, SCENARIO, world_report

FIRST_FAILURES = {
    "access-token-as-refresh-token": ("request", "POST at ucm-pub", "The service refuses the request"),
    "client-secret-wrong": ("request", "POST at ucm-pub", "sends its client id and secret"),
    "code-of-another-client": ("request", "POST at ucm-pub", "The service refuses the request"),
    "code-used-twice": ("request", "POST at ucm-pub", "The service refuses the request"),
    "pkce-verifier-wrong": ("request", "POST at ucm-pub", "The service refuses the request"),
    "profile-rule-refused-over-axl": ("request", "POST at ucm-pub", "keep to the rules of the product"),
    "redirect-uri-not-listed": ("request", "GET at ucm-pub", "The service refuses the request"),
    "refresh-tokens-flushed": ("request", "POST at ucm-pub", "The service refuses the request"),
    "revocation-without-rights": ("request", "GET at ucm-pub", "Credentials or token are missing"),
    "subscriber-write-refused": ("request", "POST at ucm-sub1", "send writes to the publisher"),
    "access-token-lost-in-the-middle": ("signin_renewing", "", "The server answered with a status that this"),
    "authorize-by-token-off": ("onward", "REGISTER at expc", "The Expressway has no route for this request"),
    "bad-token-again-and-again": (
        "token_time",
        "REGISTER at ucm-pub",
        "By this node's clock the token is not valid",
    ),
    "bearer-written-in-other-ways": ("credentials", "REGISTER at ucm-pub", "for a different realm"),
    "broken-header": ("well_formed", "REGISTER at ucm-pub", "A mandatory field of the SIP request"),
    "clock-skew": ("token_time", "REGISTER at ucm-pub", "By this node's clock the token is not valid"),
    "cn-san-not-in-table": ("name_table", "expc → ucm-pub", "expresswaycconfiguration"),
    "common-name-does-not-count": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "does not contain the name that the client dialled",
    ),
    "config-bad-host": ("configuration", "", "No node in the file has a name that can be"),
    "config-bad-mode": ("configuration", "", "An element has a value that is not allowed"),
    "config-bad-port": ("configuration", "", "The port that the phone needs is not a valid"),
    "config-doctype": ("configuration", "", "The file contains a document type or entities"),
    "config-empty": ("configuration", "", "The file is empty"),
    "config-forbidden": ("configuration", "", "The server does not give this file to this"),
    "config-html-page": ("configuration", "", "Something other than a device's file came"),
    "config-misspelt-mode": ("configuration", "", "The file sends the phone to 5061 with mutual"),
    "config-nine-more-faults": ("configuration", "", "The file is for a phone with a protocol other"),
    "config-no-line": ("configuration", "", "The device has no line, so there is nothing"),
    "config-oauth-and-encrypted": ("configuration", "", "The file asks for both OAuth and an encrypted"),
    "config-over-tls-of-another-user": ("configuration", "", "The server does not give this file to this"),
    "config-port-zero": ("configuration", "", "The port that the phone needs is not a valid"),
    "config-security-mismatch": ("configuration", "", "The file contradicts itself: its security mode"),
    "config-server-down": ("configuration", "", "The configuration server cannot be reached"),
    "config-server-error": ("configuration", "", "The configuration server answered with an"),
    "config-truncated": ("configuration", "", "The file is not well-formed XML: it was"),
    "config-udp-over-mra": ("configuration", "", "The file says UDP, which cannot pass"),
    "config-unresolvable-node": ("tcp", "CSFALICE", "DNS has no address for this name"),
    "config-wrong-root": ("configuration", "", "Something other than a device's file came"),
    "contact-changed-in-a-refresh": (
        "sequence_kept",
        "REGISTER at ucm-pub",
        "A refresh has a different Contact address",
    ),
    "cseq-not-increasing": (
        "sequence_kept",
        "REGISTER at ucm-pub",
        "The CSeq is not higher than that of the last",
    ),
    "device-unknown": ("configuration", "", "Add the device"),
    "device-unknown-to-the-registrar": (
        "device_known",
        "REGISTER at ucm-pub",
        "No device with the name in the Contact is",
    ),
    "digest-on-the-oauth-port": (
        "credentials",
        "REGISTER at ucm-pub",
        "The client did not answer the challenge with",
    ),
    "discovery-refused": ("tcp", "expc", "DNS has no address for this name"),
    "duplicate-registration": ("no_other_client", "REGISTER at ucm-pub", "Sign the other client out"),
    "edge-lost-while-registered": ("tcp", "expc1", "The host is reachable, but nothing listens on"),
    "encryption-key-regenerated": ("tcp", "CSFALICE", "The host is reachable, but nothing listens on"),
    "expired-token": ("token_time", "REGISTER at ucm-pub", "OAuth Access Token Expiry Timer"),
    "expired-token-in-rfc8898": (
        "token_time",
        "REGISTER at ucm-pub",
        "The token has expired, or this node's clock",
    ),
    "expressway-certificate-changed-until-refresh": (
        "name_table",
        "expc → ucm-pub",
        "The certificate is trusted, but none of its names",
    ),
    "expressway-certificate-expired": ("validity", "expc → ucm-pub", "signed again"),
    "expressway-forged-issuer": ("chain", "expc → ucm-pub", "UCM trusts an authority of this name, but it"),
    "expressway-missing-intermediate": (
        "chain",
        "expc → ucm-pub",
        "UCM does not trust the authority that signed",
    ),
    "expressway-not-yet-valid": ("validity", "expc → ucm-pub", "Expressway-C's server certificate is not"),
    "expressway-row-over-axl": (
        "name_table",
        "expc → ucm-pub",
        "The certificate is trusted, but none of its names",
    ),
    "expressway-self-signed": ("chain", "expc → ucm-pub", "UCM does not trust the authority that signed"),
    "expressway-server-only-eku": ("usage", "expc → ucm-pub", "clientAuth"),
    "expressway-unknown-ca-after-discovery": ("chain", "expc → ucm-pub", "tomcat-trust"),
    "expressway-weak-key": ("chain", "expc → ucm-pub", "UCM finds the key or the signature of"),
    "half-a-message": ("readable", "REGISTER at ucm-pub", "The bytes are not a SIP message. If they cannot be"),
    "half-open-handshake": ("tls_version", "stranger → ucm-pub", "The handshake was not finished in time: one"),
    "handshake-never-finished": (
        "tls_version",
        "stranger → ucm-pub",
        "The handshake was not finished in time: one",
    ),
    "home-cluster-unavailable": ("signin_locating", "", "The server answered with a status that this"),
    "idn-transliterated": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "UCM's Tomcat certificate does not contain the name",
    ),
    "interval-too-brief": ("expires_acceptable", "REGISTER at ucm-pub", "Min-Expires"),
    "invite-not-served": ("served", "stranger → ucm-pub", "This simulated node does not serve the method"),
    "keys-not-replicated": (
        "token_signature",
        "REGISTER at ucm-sub",
        "The token was not signed with the signing key",
    ),
    "keys-stale-at-expressway": ("onward", "REGISTER at expc", "The Expressway-C checked the token and"),
    "legacy-device-through-expressway": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device without an OAuth profile came",
    ),
    "line-of-another-device": (
        "line_configured",
        "REGISTER at ucm-pub",
        "The directory number in To belongs to another",
    ),
    "line-unknown": ("line_configured", "REGISTER at ucm-pub", "The directory number in To does not exist in"),
    "lsc-expired": ("validity", "CSFDAVE → ucm-pub", "The phone's LSC has expired"),
    "lsc-foreign-issuer": ("chain", "CSFDAVE → ucm-pub", "UCM does not trust the authority that signed"),
    "lsc-missing-in-sip": (
        "certificate_names_device",
        "REGISTER at ucm-pub",
        "The secure port requires the phone's certificate",
    ),
    "lsc-missing-on-5061": ("client_certificate", "CSFDAVE → ucm-pub", "CAPF"),
    "lsc-of-another-device": (
        "certificate_names_device",
        "REGISTER at ucm-pub",
        "The presented certificate names neither the",
    ),
    "mode-enabled-over-the-cli": (
        "oauth_mode_on",
        "REGISTER at ucm-pub",
        "SIP OAuth mode was off when this node's",
    ),
    "moves-inside-while-registered": (
        "no_other_client",
        "REGISTER at ucm-pub",
        "Another client is registered as this device",
    ),
    "moves-outside-while-registered": (
        "no_other_client",
        "REGISTER at ucm-pub",
        "Another client is registered as this device",
    ),
    "mra-port-changed-until-refresh": (
        "onward",
        "REGISTER at expc",
        "The Expressway itself answered: it has no",
    ),
    "mra-port-without-certificate": (
        "client_certificate",
        "stranger → ucm-pub",
        "UCM demands a client certificate on this port",
    ),
    "no-such-dialog": ("served", "stranger → ucm-pub", "The request is for a dialog (To has a tag) or"),
    "nobody-on-the-port": ("tcp", "CSFALICE", "The host is reachable, but nothing listens on"),
    "node-clock-ahead": ("tcp", "CSFALICE", "The host is reachable, but nothing listens on"),
    "node-clock-behind": ("token_time", "REGISTER at ucm-sub", "By this node's clock the token was issued in"),
    "node-hangs": ("answer", "REGISTER at ucm-pub", "The connection was open, but no answer came"),
    "not-sip": ("readable", "REGISTER at ucm-pub", "The bytes are not a SIP message. If they cannot be"),
    "oauth-device-on-5060": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device with an OAuth profile registers on",
    ),
    "oauth-device-on-5061": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device with an OAuth profile registers on",
    ),
    "overloaded-node": ("not_throttled", "REGISTER at ucm-pub", "The node is overloaded and accepts no"),
    "plain-device-on-5061": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device with a non-secure profile registers",
    ),
    "plain-sip-on-tls-port": (
        "tls_version",
        "stranger → ucm-pub",
        "What arrived is not TLS: the client speaks",
    ),
    "port-mismatch-mode-off": ("oauth_mode_on", "REGISTER at ucm-pub", "utils sipOAuth-mode enable"),
    "port-mismatch-mutual-tls": ("peer_admitted", "REGISTER at ucm-pub", "without a certificate"),
    "port-mismatch-profile": ("port_fits_profile", "REGISTER at ucm-pub", "Enable OAuth Authentication"),
    "refresh-logins-disabled": (
        "token_shape",
        "REGISTER at ucm-pub",
        "What was sent does not have the form of UCM's",
    ),
    "refresh-timer-changed": ("signin_renewing", "", "The refresh token can no longer be used: it"),
    "refresh-token-as-access-token": (
        "token_shape",
        "REGISTER at ucm-pub",
        "The wrong kind of token was sent: a",
    ),
    "refresh-token-expired": ("signin_renewing", "", "The refresh token can no longer be used: it"),
    "refresh-token-revoked": ("signin_renewing", "", "The refresh token can no longer be used: it"),
    "remote-phone-leaves-its-node": (
        "onward",
        "REGISTER at expc",
        "The Expressway itself answered: it has no",
    ),
    "reset-in-the-handshake": (
        "tls_version",
        "stranger → ucm-pub",
        "The peer closed the connection during the",
    ),
    "secure-device-on-5060": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device with an Authenticated or Encrypted",
    ),
    "self-signed-twins-at-expressway": (
        "server_certificate",
        "expc → ucm-pub",
        "The client trusts an authority of this name",
    ),
    "several-contacts": (
        "contact_acceptable",
        "REGISTER at ucm-pub",
        "The request registers several Contacts at",
    ),
    "sign-in-device-of-nobody": ("signin_listing", "", "The user has no device that this client may"),
    "sign-in-inactive-user": ("signin_logging_in", "", "The user name or the password is wrong, or"),
    "sign-in-wrong-password": ("signin_logging_in", "", "The user name or the password is wrong, or"),
    "signer-missing-healed-over-the-cli": ("chain", "expc → ucm-pub", "tomcat-trust"),
    "signing-key-regenerated": ("signin_renewing", "", "The refresh token can no longer be used: it"),
    "star-contact": (
        "contact_acceptable",
        "REGISTER at ucm-pub",
        "UCM does not remove registrations by Contact",
    ),
    "tls-1-2-only-phone": ("tls_version", "CSFALICE → ucm-pub", "The two ends have no TLS version in common"),
    "tls-1-3-only-phone": ("tls_version", "CSFALICE → ucm-pub", "The two ends have no TLS version in common"),
    "tls-to-the-plain-port": (
        "tls_version",
        "CSFALICE → ucm-pub",
        "The port speaks plain SIP: it received a ClientHello",
    ),
    "token-endpoint-breaks-off": ("signin_renewing", "", "The server could not be reached, or its"),
    "token-endpoint-down": ("signin_renewing", "", "The server answered with a status that this"),
    "token-endpoint-garbage": ("signin_renewing", "", "The answer is not what this step expects, but"),
    "token-expires-between-refreshes": (
        "token_time",
        "REGISTER at ucm-pub",
        "The token has expired, or this node's clock",
    ),
    "token-of-an-inactive-user": ("token_subject", "REGISTER at ucm-pub", "The token's user is inactive"),
    "token-of-another-cluster": (
        "token_signature",
        "REGISTER at ucm-pub",
        "The token was not signed with the signing key",
    ),
    "token-of-another-user": ("subject_owns_device", "REGISTER at ucm-pub", "Owner User ID"),
    "token-over-plain-sip": (
        "port_fits_profile",
        "REGISTER at ucm-pub",
        "A device with an OAuth profile registers on",
    ),
    "tomcat-client-only-eku": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "UCM's Tomcat certificate may not be used by",
    ),
    "tomcat-expired": ("server_certificate", "CSFALICE → ucm-pub", "The client found that UCM's Tomcat"),
    "tomcat-expired-for-expressway": (
        "server_certificate",
        "expc → ucm-pub",
        "The client found that UCM's Tomcat",
    ),
    "tomcat-forged-issuer": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "The client trusts an authority of this name",
    ),
    "tomcat-missing-intermediate": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "The client does not trust the authority that",
    ),
    "tomcat-names-another-address": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "UCM's Tomcat certificate does not contain the name",
    ),
    "tomcat-not-trusted-by-phone": ("server_certificate", "CSFALICE → ucm-pub", "trust store"),
    "tomcat-not-yet-valid": ("server_certificate", "CSFALICE → ucm-pub", "By the client's clock UCM's Tomcat"),
    "tomcat-regenerated-callmanager-restarted": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "The client does not trust the authority that",
    ),
    "tomcat-regenerated-tomcat-restarted": (
        "readable",
        "REGISTER at ucm-pub",
        "The bytes are not a SIP message. If they cannot be",
    ),
    "tomcat-regenerated-without-restart": ("server_certificate", "CSFALICE → ucm-pub", "restart"),
    "tomcat-revoked": ("server_certificate", "CSFALICE → ucm-pub", "The client finds UCM's Tomcat certificate"),
    "tomcat-revoked-for-expressway": (
        "server_certificate",
        "expc → ucm-pub",
        "The client finds UCM's Tomcat certificate",
    ),
    "tomcat-self-signed": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "The client does not trust the authority that",
    ),
    "tomcat-weak-key": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "The client finds the key or the signature of",
    ),
    "tomcat-wrong-name": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "UCM's Tomcat certificate does not contain the name",
    ),
    "tomcat-wrong-name-for-expressway": (
        "server_certificate",
        "expc → ucm-pub",
        "UCM's Tomcat certificate does not contain the name",
    ),
    "trust-certificate-deleted": ("chain", "expc → ucm-pub", "UCM does not trust the authority that signed"),
    "traversal-certificate-refused": ("server_certificate", "expc → expe", "Expressway-E's certificate"),
    "traversal-zone-down": ("signin_entering", "", "The server answered with a status that this"),
    "two-credentials": ("credentials", "REGISTER at ucm-pub", "The request carries more than one bearer"),
    "ucm-restarted": ("tcp", "CSFALICE", "The host is reachable, but nothing listens on"),
    "ucm-unknown-ca-in-discovery": (
        "server_certificate",
        "expc → ucm-pub",
        "The client does not trust the authority that",
    ),
    "unknown-ca-from-expressway": ("server_certificate", "expc → ucm-pub", "Trusted CA certificate"),
    "unknown-ca-from-ucm": ("chain", "expc → ucm-pub", "tomcat-trust"),
    "unregister-with-expired-token": (
        "token_time",
        "REGISTER at ucm-pub",
        "The token has expired, or this node's clock",
    ),
    "user-deactivated-while-registered": (
        "token_subject",
        "REGISTER at ucm-pub",
        "The token's user is inactive",
    ),
    "wildcard-too-wide": (
        "server_certificate",
        "CSFALICE → ucm-pub",
        "UCM's Tomcat certificate does not contain the name",
    ),
    "zones-follow-the-modes": ("onward", "REGISTER at expc", "The Expressway has no route for this request"),
}
"""Scenario -> (check, leg, words that cause, remedy or proof must have); of those in which an attempt fails."""

CLIENTS = ("start", "send", "http", "axl")
"""Verbs that let a client do something."""

REFUSED_WITHOUT_A_FAILED_ATTEMPT = {
    "connection-lost": "the registration ends by itself, nobody attempts anything",
    "lost-with-its-connection": "the registration ends with its connection, nobody attempts anything",
    "missed-refresh": "the refresh is never sent",
}
"""Scenarios that end without a registration and yet have nothing to explain, and why."""


def run(name: str, tls: TlsVersion = "1.2") -> Report:
    return world_report(name, tls)


def states(attempt: Attempt) -> dict[str, str]:
    """By check; of a check on several legs the last."""
    return {row.id: row.state for row in attempt.rows}


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_the_first_failure_is_the_right_one(scenario: Scenario, tls: TlsVersion) -> None:
    attempts = explain(world_report(scenario, tls).records)
    failed = [attempt for attempt in attempts if not attempt.passed]
    expected = FIRST_FAILURES.get(scenario.id)
    if expected is None:
        assert not failed, f"give {scenario.id} its row in FIRST_FAILURES: {failed[0].failure}"
        return
    assert failed, f"{scenario.id} has a row in FIRST_FAILURES, and no attempt fails"
    check, leg, words = expected
    failure = failed[0].failure
    assert failure is not None
    assert (failure.id, failure.leg) == (check, leg)
    (advice,) = failed[0].advice
    assert words in " ".join((advice.cause, advice.remedy, advice.verify))


def test_every_scenario_that_ends_in_a_refusal_has_its_first_failure() -> None:
    refused = {
        name
        for name, scenario in SCENARIO.items()
        # Where no client is let loose, nobody attempts anything.
        if scenario.outcome == "refused" and any(step.verb in CLIENTS for step in scenario.steps)
    }
    assert refused <= FIRST_FAILURES.keys() | REFUSED_WITHOUT_A_FAILED_ATTEMPT.keys()
    assert not FIRST_FAILURES.keys() & REFUSED_WITHOUT_A_FAILED_ATTEMPT.keys()
    assert SCENARIO.keys() >= FIRST_FAILURES.keys() | REFUSED_WITHOUT_A_FAILED_ATTEMPT.keys()


def test_a_node_that_says_nothing_is_a_failure_of_its_own() -> None:
    first = explain(run("node-hangs").records)[0]
    assert first.outcome == "no answer"
    assert first.failure is not None
    assert first.failure.evidence == "no answer until the connection ended"


def test_the_port_decision_of_an_attempt_is_that_of_its_own_node() -> None:
    attempts = explain(run("node-clock-behind").records)
    ports = [row.evidence for attempt in attempts for row in attempt.rows if row.id == "port"]
    assert {words.split(" of ")[1].split(",")[0] for words in ports} == {
        "ucm-pub.lab.example",
        "ucm-sub.lab.example",
    }


def test_a_sign_in_is_a_checklist_too() -> None:
    (failed,) = explain(run("sign-in-wrong-password").records)
    assert failed.what == "sign-in"
    assert states(failed)["signin_opening"] == "pass"
    assert states(failed)["signin_logging_in"] == "fail"
    assert states(failed)["signed_in"] == "not_reached"


CERTIFICATE_CHECKS = {"chain", "validity", "usage"}


@pytest.mark.parametrize(("scenario", "tls"), RUNS)
def test_a_checklist_passes_up_to_its_first_failure_and_reaches_nothing_after_it(
    scenario: Scenario, tls: TlsVersion
) -> None:
    for attempt in explain(world_report(scenario, tls).records):
        found = [row.state for row in attempt.rows]
        failed = found.index("fail") if "fail" in found else len(found)
        # What a client that vanished would have shown is unseen; no chain without a certificate.
        not_passed = {row.id: row.state for row in attempt.rows[:failed] if row.state not in ("pass", "unseen")}
        assert set(not_passed.values()) <= {"not_reached"}
        assert not_passed.keys() <= CERTIFICATE_CHECKS
        assert set(found[failed + 1 :]) <= {"not_reached"}
        assert bool(attempt.advice) == (failed < len(found))


@pytest.mark.parametrize("name", sorted(FIRST_FAILURES), ids=lambda name: f"{name} on TLS 1.2")
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


def test_a_port_that_the_expressway_does_not_know_yet_is_mended_by_refreshing_it() -> None:
    found = explain(run("mra-port-changed-until-refresh").records)
    (unconnected,) = [one for one in found if one.target == "ucm-pub.lab.example:5091"]
    assert "Refresh servers" in unconnected.advice[0].remedy


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
    records = world_report(scenario, tls).records
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


def test_a_reason_stands_once_in_the_evidence() -> None:
    failure = explain(run("expired-token").records)[0].failure
    assert failure is not None
    assert re.fullmatch(r"expired \d s ago \(sha256:\w{12}\); answered 407 \[assumed\]", failure.evidence)


STOPPED = """\
id: web-requests
title: Requests over HTTP that are served, and that are not
group: tokens
outcome: registers
steps:
  - axl: {operation: getCCMVersion}
  - axl: {operation: getNothing, status: 500}
  - http: {path: /nothing, status: 404}
  - fail: {path: "/ssosp/*", reset: true}
  - http: {path: /ssosp/ws/public/singleSignOn, fails: the connection broke}
  - admin: utils service stop Cisco Tomcat
  - axl: {operation: getCCMVersion, fails: refused}
"""


@pytest.mark.parametrize("driver", ["world", "lab"])
async def test_a_request_that_was_not_served_is_an_attempt_and_one_that_was_is_none(driver: str) -> None:
    scenario = scenario_of(read_text(STOPPED, source="f.yaml"))
    report = run_world(scenario, "1.2") if driver == "world" else await run_live(scenario, "1.2")
    assert report.failures == ()
    attempts = report.attempts()
    assert {attempt.port for attempt in attempts} == {"web services"}
    assert [(attempt.client, attempt.what, attempt.outcome) for attempt in attempts] == [
        ("admin", "request", "POST /axl/: 500 Internal Server Error"),
        ("client", "request", "GET /nothing: 404 Not Found"),
        ("client", "request", attempts[2].outcome),
        ("admin", "connection", attempts[3].outcome),
    ]
    assert attempts[3].outcome.endswith("connection refused")
    broken = "GET /ssosp/ws/public/singleSignOn: no answer: the connection broke"
    assert attempts[2].outcome.startswith(broken)
    failures = [attempt.failure.evidence if attempt.failure else "" for attempt in attempts]
    assert failures[0].endswith("; 5000: getNothing is no operation of http://www.cisco.com/AXL/API/12.5")
    assert failures[2].endswith("; a planned failure of the lab: reset")
    assert all(len(attempt.advice) == 1 for attempt in attempts)
