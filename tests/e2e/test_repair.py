"""Break-fix: a lab that is broken in a documented way, a phone that suffers, and the repair over SSH alone."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from simulator.core.actor.flow import Address
from simulator.core.instant import Instant
from simulator.core.tls.settings import Credential
from simulator.lab.files.catalogue import builtin
from softphone.aio.client import Outcome, Registered, register_once
from softphone.core.settings.behaviours import Behaviour
from softphone.core.settings.profile import (
    AccessToken,
    Deployment,
    EdgeServer,
    FixedToken,
    PhoneProfile,
    PortOverride,
)
from tests.e2e.running_lab import RunningLab, running_lab
from tests.e2e.ssh import typed
from tests.patience import patience

RESTART = "utils service restart Cisco CallManager"
Lines = Callable[[RunningLab], list[str]]


def alice(lab: RunningLab) -> PhoneProfile:
    return PhoneProfile(
        device="CSFALICE",
        user="alice",
        config_urls=(f"http://{lab.hostport('config')}/CSFALICE.cnf.xml",),
        trust=(lab.ca_file.read_bytes(),),
    )


def insistent_alice(lab: RunningLab) -> PhoneProfile:
    """Goes to the OAuth port although her configuration says another: as with one from before a change."""
    lsc = Credential((lab.pki / "CSFALICE.pem").read_bytes(), (lab.pki / "CSFALICE.key").read_bytes())
    port = lab.endpoint("oauth")[1]
    override = PortOverride(element="sipOAuthPort", port=port)
    wrong = frozenset({Behaviour.WRONG_PORT})
    return replace(alice(lab), credential=lsc, port_override=override, behaviours=wrong)


def bob_from_outside(lab: RunningLab) -> PhoneProfile:
    host, port = lab.endpoint("edge", "expc")
    return PhoneProfile(
        device="CSFBOB",
        user="bob",
        config_urls=(f"http://{lab.hostport('config')}/CSFBOB.cnf.xml",),
        trust=((lab.pki / "expressway-ca.pem").read_bytes(),),
        deployment=Deployment.MRA,
        edges=(EdgeServer(address=Address(host, port)),),
    )


def presented(lab: RunningLab, role: str) -> bytes:
    """The certificate on a port, PEM."""
    return ssl.get_server_certificate(lab.endpoint(role), timeout=patience()).encode()


def trusting_what_is_presented(lab: RunningLab) -> PhoneProfile:
    """The administrator has rolled the new self-signed certificate out to the phones."""
    return replace(alice(lab), trust=(presented(lab, "oauth"),))


async def outcome(lab: RunningLab, profile: PhoneProfile) -> Outcome:
    token = AccessToken(lab.token(profile.user), Instant(float("inf")))
    return await register_once(profile, FixedToken(token), within=patience())


@dataclass(frozen=True, kw_only=True)
class Case:
    breaks: tuple[str, ...] = ()
    """`--set` values."""
    broken_by: Lines = field(default=lambda lab: [])
    """Or what an administrator types."""
    phone: Callable[[RunningLab], PhoneProfile] = alice
    symptom: str
    """Regular expression: how the phone's outcome is told."""
    evidence: tuple[str, dict[str, object]]
    """An event that tells the cause."""
    looks: Lines
    """Commands that show the cause; `shows` is in what they print."""
    shows: str
    repair: Lines
    phone_then: Callable[[RunningLab], PhoneProfile] | None = None


def said(*lines: str) -> Lines:
    return lambda lab: list(lines)


def naming_another_port(*lines: str) -> Lines:
    """With `{port}`: one that is free, and that no system gives to outgoing connections."""
    return lambda lab: [line.format(port=free_beside(lab.endpoint("oauth")[1])) for line in lines]


@cache
def free_beside(taken: int) -> int:
    for port in (taken + step if taken < 26_000 else taken - step for step in range(1, 1_000)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def import_of(name: str) -> Lines:
    def lines(lab: RunningLab) -> list[str]:
        return [
            "set cert import trust tomcat",
            *(lab.pki / f"{name}.pem").read_text().splitlines(),
            "",
            RESTART,
        ]

    return lines


CASES = {
    "SIP OAuth mode is off": Case(
        breaks=("cluster.oauth_mode=false",),
        symptom="E_NO_LSC",
        evidence=("service:started", {"service": "Cisco CallManager"}),
        looks=said("run sql select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'"),
        shows="\n0 *\n",
        repair=said("utils sipOAuth-mode enable", RESTART),
    ),
    "SIP OAuth mode is on and CallManager not restarted": Case(
        breaks=("cluster.oauth_mode=false",),
        broken_by=said("utils sipOAuth-mode enable"),
        symptom="403.*SIP OAuth Registration port Mismatch",
        evidence=("registrar:rejected", {"reason": "oauth_mode_off", "status": 403}),
        looks=said("run sql select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'"),
        shows="\n1 *\n",
        repair=said(RESTART),
    ),
    "the profile lacks OAuth": Case(
        breaks=(
            "profiles=[{name: csf, mode: encrypted, transport: tls}]",
            "phones=[{device: CSFALICE, profile: csf}]",
        ),
        phone=insistent_alice,
        symptom="403.*SIP OAuth Registration port Mismatch",
        evidence=("registrar:rejected", {"status": 403}),
        looks=said(
            "run sql select p.name, p.enableoauthauthentication from securityprofile p, device d "
            "where d.fksecurityprofile = p.pkid and d.name = 'CSFALICE'"
        ),
        shows="csf +f",
        repair=said("run sql update securityprofile set enableoauthauthentication = 't' where name = 'csf'"),
        phone_then=alice,
    ),
    "the Expressway's signer is not in Tomcat-trust": Case(
        breaks=("nodes=[{name: ucm-pub, tomcat_trust: [tomcat-ca]}]",),
        phone=bob_from_outside,
        symptom="408|503|502",
        evidence=("tls:failed", {"actor": "ucm-pub", "by": "us", "alert": 48}),
        looks=said("show cert list trust"),
        shows="tomcat-trust/tomcat-ca.pem(?!.*tomcat-trust/expressway-ca)",
        repair=import_of("expressway-ca"),
    ),
    "the Tomcat certificate has expired": Case(
        breaks=("nodes=[{name: ucm-pub, tomcat: {valid: expired}}]",),
        symptom="E_ALL_NODES_FAILED",
        evidence=("tls:failed", {"actor": "ucm-pub", "by": "peer", "alert": 45}),
        looks=said("show cert own tomcat"),
        shows="To: ",
        repair=said("set cert regen tomcat", "yes", "utils service restart Cisco Tomcat", RESTART),
        phone_then=trusting_what_is_presented,
    ),
    "Tomcat was regenerated and CallManager not restarted": Case(
        breaks=("nodes=[{name: ucm-pub, tomcat: {valid: expired}}]",),
        broken_by=said("set cert regen tomcat", "yes", "utils service restart Cisco Tomcat"),
        symptom="E_ALL_NODES_FAILED",
        evidence=("tls:failed", {"actor": "ucm-pub", "by": "peer", "alert": 45}),
        looks=said("show cert list own"),
        shows="tomcat/tomcat.pem: Self-signed certificate generated by system",
        repair=said(RESTART),
        phone_then=trusting_what_is_presented,
    ),
    "the Expressway-C has no row": Case(
        breaks=("expressways=[{name: expc, table: []}]",),
        phone=bob_from_outside,
        symptom="408|503|502",
        evidence=("trust:judged", {"trusted": False}),
        looks=said("run sql select * from expresswaycconfiguration"),
        shows="={10,}[^\n]*\n *admin:",
        repair=said(
            "run sql insert into expresswaycconfiguration "
            "(pkid, hostnameorip, x509subjectnameorsubjectalternatename) "
            "values (newid(), 'expc', 'expc.lab.example')"
        ),
    ),
    "the Expressway-C's row has another name": Case(
        breaks=("expressways=[{name: expc, table: [vcs.lab.example]}]",),
        phone=bob_from_outside,
        symptom="408|503|502",
        evidence=("trust:judged", {"trusted": False, "table": ["vcs.lab.example"]}),
        looks=said("run sql select x509subjectnameorsubjectalternatename from expresswaycconfiguration"),
        shows="vcs.lab.example",
        repair=said(
            "run sql update expresswaycconfiguration set x509subjectnameorsubjectalternatename = "
            "'expc.lab.example' where hostnameorip = 'expc'"
        ),
    ),
    "the OAuth port was changed and CallManager not restarted": Case(
        broken_by=naming_another_port(
            "run sql update callmanager set sipoauthport = {port} where name = 'CM_ucm-pub'"
        ),
        symptom="E_ALL_NODES_FAILED",
        evidence=("config:served", {"path": "/CSFALICE.cnf.xml", "status": 200}),
        looks=naming_another_port(
            "show open ports regexp {port}", "run sql select sipoauthport from callmanager"
        ),
        shows="Executing.. please wait.\n *admin:",
        repair=naming_another_port(RESTART, "show open ports regexp {port}"),
    ),
    "the token's user does not own the device": Case(
        breaks=("phones=[{device: CSFALICE, user: dave}]", "users=[{id: alice}]"),
        symptom="40[13]",
        evidence=("registrar:rejected", {"cause": 35}),
        looks=said(
            "run sql select e.userid from device d, enduser e "
            "where d.fkenduser = e.pkid and d.name = 'CSFALICE'"
        ),
        shows="\ndave",
        repair=said(
            "run sql update device set fkenduser = (select pkid from enduser where userid = 'alice') "
            "where name = 'CSFALICE'"
        ),
    ),
    "CallManager is stopped": Case(
        broken_by=said("utils service stop Cisco CallManager"),
        symptom="E_ALL_NODES_FAILED",
        evidence=("service:stopped", {"service": "Cisco CallManager"}),
        looks=said("utils service list"),
        shows=r"Cisco CallManager\[STOPPED\]",
        repair=said("utils service start Cisco CallManager"),
    ),
}


SEED_FAILURES = {
    "port-mismatch-mode-off": "SIP OAuth mode is on and CallManager not restarted",
    "port-mismatch-profile": "the profile lacks OAuth",
    "unknown-ca-from-ucm": "the Expressway's signer is not in Tomcat-trust",
    "cn-san-not-in-table": "the Expressway-C's row has another name",
    "tomcat-regenerated-without-restart": "Tomcat was regenerated and CallManager not restarted",
    "token-of-another-user": "the token's user does not own the device",
}
NOT_OF_THE_CLUSTER = {
    "port-mismatch-mutual-tls": "the client must not present a certificate on 5090",
    "unknown-ca-from-expressway": "the issuer belongs into the Expressway-C's trusted CAs, on its own pages",
    "expired-token": "the user has to sign in again",
}
"""Failures whose documented remedy lies elsewhere: no command of UCM's platform CLI has a part in it."""


def test_each_failure_the_lab_was_born_with_has_its_repair_here_or_lies_elsewhere() -> None:
    assert set(SEED_FAILURES.values()) <= set(CASES)
    built_in = {scenario.id for scenario in builtin()}
    assert {*SEED_FAILURES, *NOT_OF_THE_CLUSTER} <= built_in


@pytest.mark.parametrize("name", CASES)
async def test_a_broken_lab_is_repaired_over_ssh(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    changes = [part for change in case.breaks for part in ("--set", change)]
    with running_lab(tmp_path / "stderr", "--port-base", "0", *changes) as lab:
        if broken := case.broken_by(lab):
            await typed(lab, tmp_path, *broken)
        before = await outcome(lab, case.phone(lab))
        assert not isinstance(before, Registered)
        assert re.search(case.symptom, str(before)), before
        kind, fields = case.evidence
        found = lab.events(kind, 0, **fields)
        assert found, lab.events(kind, 0)
        screen = await typed(lab, tmp_path, *case.looks(lab))
        assert re.search(case.shows, screen, re.DOTALL), screen
        screen = await typed(lab, tmp_path, *case.repair(lab))
        assert "unsuccessfully" not in screen, screen
        # The Expressway tries a node that failed again after a while.
        assert lab.ask("POST", "/clock/advance", {"seconds": 120}).status == 200
        after = await outcome(lab, (case.phone_then or case.phone)(lab))
        assert isinstance(after, Registered), f"{after}\n{screen}"


async def test_each_restart_gives_the_new_tomcat_certificate_to_its_own_ports(tmp_path: Path) -> None:
    with running_lab(tmp_path / "stderr", "--port-base", "0") as lab:
        old = presented(lab, "https")
        assert presented(lab, "oauth") == old
        await typed(lab, tmp_path, "set cert regen tomcat", "yes")
        assert (presented(lab, "https"), presented(lab, "oauth")) == (old, old)
        await typed(lab, tmp_path, "utils service restart Cisco Tomcat")
        new = presented(lab, "https")
        assert new != old
        assert presented(lab, "oauth") == old
        assert isinstance(await outcome(lab, alice(lab)), Registered)
        await typed(lab, tmp_path, "set cert regen tomcat", "yes", RESTART)
        assert presented(lab, "https") == new
        assert presented(lab, "oauth") not in (old, new)
        assert not isinstance(await outcome(lab, alice(lab)), Registered)
        assert isinstance(await outcome(lab, trusting_what_is_presented(lab)), Registered)
