"""The catalogue as a whole: it reaches every refusal and cause there is, and keeps to its groups."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache

import pytest

from registrar.core.cluster.causes import FailCause, UnregCause
from registrar.core.register.reasons import REPLIES, Reason
from simulator.core.entropy import SeededEntropy
from simulator.core.events import RegistrarRejected
from simulator.core.instant import Instant
from simulator.core.tls.alerts import ALERT_NAMES
from simulator.evidence.logs.ucm_syslog import TEXTS, Alarms
from simulator.lab.files import catalogue
from simulator.lab.run.runner import play, run_world
from simulator.lab.run.world import World, run_now
from simulator.lab.steps.checks.expect import Expect
from simulator.lab.steps.scenario import Scenario
from softphone.core.device_file.problems import ConfigProblem
from tests.simulator.catalogue_runs import SCENARIO, SCENARIOS, world_report

NOT_BY_A_FILE = {
    ConfigProblem.TLS_TRUST: "the lab serves configuration files over http",
    ConfigProblem.NO_EDGE: "the lab gives every remote phone an edge",
    ConfigProblem.SIGNATURE: "a signed file begins with a byte no YAML text can hold",
    ConfigProblem.TOO_LARGE: "a scenario file is itself smaller than the limit",
}
"""Configuration problems that a scenario cannot bring about, and why."""


SILENT_CAUSES = {FailCause.NO_ERROR: "the request was no registration, so that no alarm is raised"}
"""Causes of refusals that no alarm shows, and why."""

BROKEN_STACK = "only a TLS stack with an error provokes it, and every end here is OpenSSL"
NOT_NEGOTIATED = "it answers an extension or feature that no end here offers"
UNSEEN_ALERTS = {
    0: "an orderly end; as a ReasonCode 0 is a handshake that ended without an alert",
    **dict.fromkeys((10, 20, 22, 47, 50, 109), BROKEN_STACK),
    46: "OpenSSL's word for verification errors that no certificate of the lab can raise",
    49: "refused by policy after the certificate was found good: UCM and Expressway close then",
    51: "the signature of a certificate whose issuer has the right name and key identifier, but another key",
    71: "all ports offer the same cipher suites",
    80: "an end is out of order itself",
    **dict.fromkeys((86, 90, 100, 110, 112, 113, 115, 120), NOT_NEGOTIATED),
}
"""Alerts by name in `simulator.core.tls.alerts` that a foreign peer may send and no scenario shows, and why."""


ONLY_COUNTED = {
    Reason.MALFORMED: "half-a-message",
    Reason.METHOD_NOT_ALLOWED: "invite-not-served",
    Reason.NO_DIALOG: "no-such-dialog",
}
"""Reasons to refuse something else than a REGISTER: only a node's counters name them. A scenario of each."""


@dataclass
class Reached:
    """What the whole catalogue came to, on every TLS version."""

    reasons: Counter[str] = field(default_factory=Counter)
    codes: set[str] = field(default_factory=set)
    """Typed errors that events named."""
    alarms: dict[str, set[int | None]] = field(default_factory=lambda: defaultdict(set))
    """Of the nodes' syslogs: reasons by the alarm's name; None for an alarm without one."""


@cache
def reached() -> Reached:
    out = Reached()
    for scenario in SCENARIOS:
        for version in scenario.tls:
            readers = {node.name: Alarms(node.name) for node in scenario.lab.nodes}
            for record in world_report(scenario, version).records:
                if isinstance(record.event, RegistrarRejected):
                    out.reasons[record.event.reason] += 1
                for name in ("code", "problem"):
                    out.codes.add(str(getattr(record.event, name, "")))
                reader = readers.get(str(record.actor))
                if reader is not None and (alarm := reader.read(record)) is not None:
                    code = alarm.parameters.get(CODE_OF[alarm.name])
                    out.alarms[alarm.name].add(code if isinstance(code, int) else None)
    for name in ONLY_COUNTED.values():
        out.reasons.update(_counted(SCENARIO[name]))
    return out


def _counted(scenario: Scenario) -> list[str]:
    """What the nodes counted in a run of the scenario."""
    world = World(scenario.lab, real_now=Instant(time.time()))
    try:
        assert not run_now(play(world, scenario)).failures, scenario.id
        return [str(key) for node in world.site.ucm.call_managers.values() for key in node.counts.elements()]
    finally:
        world.shut_down()


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_reached_by_a_scenario(reason: Reason) -> None:
    assert reached().reasons[reason.value]


CODE_OF = {
    "EndPointRegistered": "",
    "EndPointUnregistered": "Reason",
    "EndPointTransientConnection": "Reason",
    "SSLorTCPConnectionFailure": "ReasonCode",
}
"""The parameter of each alarm that says why."""
ALARMS: dict[str, set[int | None]] = {
    "EndPointRegistered": {None},
    "EndPointUnregistered": {int(cause) for cause in UnregCause},
    "EndPointTransientConnection": {int(cause) for cause in FailCause if cause not in SILENT_CAUSES},
    # Alerts, and the one refusal after a good handshake: a name that is not in the Expressway-C table.
    "SSLorTCPConnectionFailure": {
        0,
        int(FailCause.INVALID_X509_NAME_IN_CERTIFICATE),
        *(ALERT_NAMES.keys() - UNSEEN_ALERTS.keys()),
    },
}
"""Every alarm with every code it can have."""


def test_the_table_of_alarms_is_total() -> None:
    assert ALARMS.keys() == CODE_OF.keys() == TEXTS.keys()
    assert {rule.cause for rule in REPLIES.values()} == set(FailCause)


@pytest.mark.parametrize(
    ("alarm", "code"),
    [
        pytest.param(alarm, code, id=f"{alarm} {code}")
        for alarm, codes in ALARMS.items()
        for code in sorted(codes, key=str)
    ],
)
def test_every_alarm_is_raised_with_every_code(alarm: str, code: int | None) -> None:
    assert code in reached().alarms[alarm]


@pytest.mark.parametrize("alarm", ALARMS)
def test_no_alarm_has_a_code_that_is_not_in_the_table(alarm: str) -> None:
    assert reached().alarms[alarm] <= ALARMS[alarm]


@pytest.mark.parametrize(
    "problem", [problem for problem in ConfigProblem if problem not in NOT_BY_A_FILE], ids=str
)
def test_every_problem_of_a_configuration_file_is_reached(problem: ConfigProblem) -> None:
    assert problem.value in reached().codes


TOPICS = {
    "TLS, the client refuses the server": ("tomcat-not-trusted-by-phone", "unknown-ca-from-expressway"),
    "TLS, the server refuses the client": ("unknown-ca-from-ucm", "lsc-foreign-issuer"),
    "TLS, no version in common": ("tls-1-2-only-phone", "tls-1-3-only-phone"),
    "TLS on a plain port and the other way round": ("tls-to-the-plain-port", "plain-sip-on-tls-port"),
    "validity": ("tomcat-expired", "tomcat-not-yet-valid", "expressway-certificate-expired", "lsc-expired"),
    "extended key usage": ("expressway-server-only-eku", "tomcat-client-only-eku"),
    "chain": ("tomcat-missing-intermediate", "expressway-missing-intermediate", "tomcat-self-signed"),
    "forms of SAN": ("tomcat-wrong-name", "common-name-does-not-count", "tomcat-common-name-only"),
    "IP SAN": ("address-in-the-certificate", "tomcat-names-another-address"),
    "wildcard": ("wildcard-accepted", "wildcard-too-wide"),
    "international names": ("idn-host", "idn-transliterated"),
    "weak key": ("tomcat-weak-key", "expressway-weak-key"),
    "revoked by a list": ("tomcat-revoked", "tomcat-revoked-for-expressway"),
    "ports": ("nobody-on-the-port", "custom-ports-per-node", "port-mismatch-mode-off"),
    "profiles": ("port-mismatch-profile", "secure-device-on-5060", "plain-device-on-5061"),
    "configuration file": ("config-truncated", "config-port-zero", "config-wrong-root"),
    "tokens": ("expired-token", "token-of-another-user", "token-of-another-cluster", "two-credentials"),
    "keys": ("signing-key-regenerated", "encryption-key-regenerated", "keys-not-replicated"),
    "cluster and restart order": ("mode-enabled-over-the-cli", "tomcat-regenerated-callmanager-restarted"),
    "MRA": ("cn-san-not-in-table", "registers-over-5091", "expressway-row-over-axl"),
    "missed refresh": ("missed-refresh", "connection-lost"),
    "clock skew": ("clock-skew", "node-clock-behind", "node-clock-ahead"),
    "slow peer": ("handshake-never-finished", "half-a-message", "slow-client", "node-hangs"),
    "reset in the handshake": ("reset-in-the-handshake",),
    "half-open": ("half-open-handshake",),
    "overload and throttling": ("overloaded-node",),
    "duplicate registration": ("duplicate-registration",),
    "failover and fallback": ("failover-and-fallback", "node-hangs"),
}
"""What the catalogue is to be about, with scenarios of each."""


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_its_scenarios(topic: str) -> None:
    assert catalogue.find(list(TOPICS[topic]))


def test_there_are_more_than_forty_failures() -> None:
    assert sum(scenario.outcome == "refused" for scenario in SCENARIOS) >= 40


def test_ids_and_titles_are_each_used_once() -> None:
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_the_folder_is_named_by_the_id(scenario: Scenario) -> None:
    assert (catalogue.builtin_folder() / scenario.id / catalogue.FILE).is_file()


def test_alerts_of_both_ends_and_both_versions_are_in_the_catalogue() -> None:
    """Alert 48 from each role, on each version: the two documented "unknown CA" directions."""
    seen = {
        (version, expectation.fields.get("role"))
        for scenario in SCENARIOS
        for version in scenario.tls
        for step in scenario.steps
        if isinstance(step, Expect)
        for expectation in step.root
        if expectation.event == "tls:failed"
        and expectation.fields.get("by") == "us"
        and expectation.fields.get("alert") == 48
    }
    assert seen == {(version, role) for version in ("1.2", "1.3") for role in ("client", "server")}


@pytest.mark.parametrize("longest", [False, True], ids=["shortest", "longest"])
def test_scenarios_that_let_time_pass_pass_with_back_offs_that_are(
    longest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SeededEntropy, "uniform", lambda _self, low, high: high if longest else low)
    for scenario in SCENARIOS:
        if any(step.verb == "advance" for step in scenario.steps):
            report = run_world(scenario, scenario.tls[0])
            assert not report.failures, (scenario.id, report.failures)
