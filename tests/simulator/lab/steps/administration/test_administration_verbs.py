"""The verbs of administrators: admin, oauth_mode, regenerate_tomcat, table_row, trust, expressway."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simulator.core.events import CliCalled, ClusterChanged, RegistrarRejected
from simulator.lab.files.scenario_file import scenario_of
from simulator.lab.files.yaml_source import SourceError, read_text
from simulator.lab.steps.registry import step_of
from tests.simulator.lab.steps.stepping import Stepping

REMOTE = {
    "phones": [{"device": "CSFALICE", "user": "alice", "deployment": "mra"}],
    "expressways": [{"name": "expc"}],
}


def test_admin_takes_a_command_alone_or_with_what_is_expected_of_it() -> None:
    lab = Stepping()
    assert lab.take(admin="show version active") == []
    assert [event.command for event in lab.of(CliCalled)] == ["show version active"]
    assert lab.take(admin={"command": "show nothing", "fails": True}) == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("show nothing", "expected 'show nothing' to succeed; it printed: "),
        (
            {"command": "show version active", "fails": True},
            "expected 'show version active' to fail; it printed",
        ),
        (
            {"command": "show version active", "prints": "SU99"},
            "expected 'show version active' to print /SU99/; it printed: ",
        ),
    ],
    ids=["failed", "succeeded", "printed something else"],
)
def test_admin_tells_what_was_otherwise_than_expected(step: Any, said: str) -> None:
    (failure,) = Stepping().take(admin=step)
    assert failure.startswith(said)


def test_a_command_takes_its_time() -> None:
    lab = Stepping()
    before = lab.run.now
    assert lab.take(admin="utils service restart Cisco CallManager") == []
    assert lab.run.now > before


def test_an_answer_may_be_the_certificate_of_an_authority() -> None:
    lab = Stepping()
    step = {"command": "set cert import trust tomcat", "answers": [{"authority": "new-ca"}, "yes"]}
    assert lab.take(admin=step) == []
    trusted = lab.world.site.cluster.node("ucm-pub").stores.tomcat_trust
    assert lab.world.site.pki.authority("new-ca").certificate in trusted


@pytest.mark.parametrize(("on", "told"), [(True, "enable"), (False, "disable")])
def test_oauth_mode_is_told_as_the_command_would_set_it(on: bool, told: str) -> None:
    lab = Stepping()
    assert lab.take(oauth_mode=on) == []
    assert [(event.what, event.detail) for event in lab.of(ClusterChanged)] == [("utils sipOAuth-mode", told)]


def test_a_new_tomcat_certificate_is_another_one() -> None:
    lab = Stepping()
    before = lab.world.site.cluster.node("ucm-pub").stores.tomcat.certificate
    lab.take(regenerate_tomcat={"node": "ucm-pub", "certificate": {"common_name": "other.example"}})
    assert lab.world.site.cluster.node("ucm-pub").stores.tomcat.certificate != before


def test_a_row_of_the_expressway_table_comes_and_goes() -> None:
    lab = Stepping(REMOTE)
    lab.take(table_row={"host": "expc", "names": None})
    lab.take(start="CSFALICE")
    assert lab.registered() is None
    lab.take(table_row={"host": "expc", "names": "expc.lab.example"})
    lab.take(advance=300)
    assert lab.registered() == "ucm-pub"
    assert not lab.of(RegistrarRejected)


@pytest.mark.parametrize("owner", ["ucm-pub", "expc"])
def test_trust_goes_into_the_store_of_a_node_or_an_expressway(owner: str) -> None:
    lab = Stepping(REMOTE)
    assert lab.take(trust={"owner": owner, "authorities": ["third-ca"]}) == []
    certificate = lab.world.site.pki.authority("third-ca").certificate
    site = lab.world.site
    stores = {
        "ucm-pub": lambda: site.cluster.node("ucm-pub").stores.tomcat_trust,
        "expc": lambda: site.expressways.trusted_cas("expc"),
    }
    assert certificate in stores[owner]()


def test_trust_of_an_owner_that_there_is_not_is_told() -> None:
    text = (
        "id: trusts-nobody\ntitle: Trusts nobody\ngroup: cluster\noutcome: registers\nsteps:\n"
        "  - registered: {}\n  - trust: {owner: nobody, authorities: []}\n"
    )
    with pytest.raises(
        SourceError, match=r"f\.yaml:7: .*no node or Expressway 'nobody' in this lab \(ucm-pub\)"
    ):
        scenario_of(read_text(text, source="f.yaml"))


def test_the_expressway_shows_its_zones_after_a_step() -> None:
    lab = Stepping(REMOTE)
    zone = "CEOAuth ucm-pub.lab.example"
    assert lab.take(expressway={"refresh": True, "zones": {zone: "Address resolvable"}}) == []
    (failure,) = lab.take(expressway={"zones": {zone: "Failed", "other": None}})
    assert failure == f"expected zone {zone!r} Failed, it is Address resolvable"


def test_an_expressway_is_named_wrongly_or_does_nothing() -> None:
    with pytest.raises(LookupError, match="no Expressway 'expe' in this lab"):
        Stepping(REMOTE).take(expressway={"name": "expe", "restart": True})
    with pytest.raises(LookupError, match="this lab has no Expressway"):
        Stepping().take(expressway={"restart": True})
    with pytest.raises(ValidationError, match="the step does nothing on the Expressway"):
        step_of({"expressway": {"name": "expc"}})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"discover": {"publisher": "nowhere.example"}}, "expected the discovery to succeed: "),
        ({"refresh": True, "fails": "no"}, "expected the discovery to fail with /no/, not: it succeeded"),
    ],
    ids=["failed", "succeeded"],
)
def test_a_discovery_that_goes_otherwise_than_expected_is_told(step: dict[str, Any], said: str) -> None:
    (failure,) = Stepping(REMOTE).take(expressway=step)
    assert failure.startswith(said)
