"""Discover and refresh over real AXL in the World: what is kept, what fails, which zones come of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from simulator.core.events import UcmDiscovered, UcmQueried, ZoneConfigured
from simulator.core.instant import Instant
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.run.world import World, run_now
from simulator.lab.site.ucm.service_control import UcmService
from simulator.lab.steps.expressway_admin import Discover, ExpresswayAdmin
from simulator.lab.steps.registry import step_of
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.service_actions import end_service

NODE = "ucm-pub.lab.example"


class Bench:
    """An administrator at an Expressway that knows no UCM yet."""

    def __init__(self) -> None:
        config = LabConfig(
            nodes=[NodeConfig()],
            expressways=[ExpresswayConfig(discovered=False, table=[])],
            phones=[PhoneConfig(deployment="mra")],
        )
        self.world = World(config, real_now=Instant(time.time()))
        self.world.site.ucm.sign_in.load_passwords()
        self.admin = ExpresswayAdmin(self.world.site)

    def discover(self, **typed: Any) -> str | None:
        return run_now(self.admin.ask_servers(self.world, Discover(**typed)))

    def refresh(self) -> str | None:
        return run_now(self.admin.ask_servers(self.world, None))

    def parameter(self, name: str, value: str) -> None:
        """Whatever an administrator did to it, the database holds this now."""
        sql = f"run sql update processconfig set paramvalue = '{value}' where paramname = '{name}'"
        run = ScenarioRun(self.world)
        run_now(step_of({"admin": sql}).take(run))
        assert run.failures == []

    def zones(self) -> dict[str, tuple[object, object]]:
        return {str(row["zone"]): (row["address"], row["state"]) for row in self.admin.zones()}

    def of(self, kind: type[Any]) -> list[Any]:
        return [record.event for record in self.world.site.log.records() if isinstance(record.event, kind)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_discovery_asks_in_the_documented_order(bench: Bench) -> None:
    assert bench.discover() is None
    assert [event.function for event in bench.of(UcmQueried)] == [
        "getCCMVersion",
        "listProcessNode",
        "listProcessNodeService",
        "listCallManager",
        "getCallManager",
        "executeSQLQuery",
        "executeSQLQuery",
        "getKeys",
        "addExpresswayCConfiguration",
    ]


def test_a_wrong_password_at_a_known_server_leaves_the_one_that_works(bench: Bench) -> None:
    assert bench.discover() is None
    assert "HTTPError:401" in (bench.discover(password="wrong") or "")
    assert bench.admin.servers()[0]["state"] == "failed"
    assert bench.refresh() is None
    assert bench.admin.servers()[0]["state"] == "discovered"


def test_a_server_that_could_not_be_added_is_shown_and_not_asked_again(bench: Bench) -> None:
    assert bench.discover() is None
    assert "nowhere.example" in (bench.discover(publisher="nowhere.example") or "")
    assert [row["state"] for row in bench.admin.servers()] == ["discovered", "failed"]
    before = len(bench.of(UcmQueried))
    assert bench.refresh() is None
    assert all("nowhere" not in event.url for event in bench.of(UcmQueried)[before:])


def test_a_refresh_before_any_discovery_is_refused(bench: Bench) -> None:
    with pytest.raises(LookupError, match="discover one first"):
        bench.refresh()
    assert bench.discover(password="wrong") is not None
    with pytest.raises(LookupError, match="discover one first"):
        bench.refresh()


def test_a_refresh_that_fails_changes_nothing(bench: Bench) -> None:
    assert bench.discover() is None
    zones = bench.zones()
    run_now(end_service(bench.world, "ucm-pub", UcmService.TOMCAT))
    assert "Unable to communicate" in (bench.refresh() or "")
    assert bench.zones() == zones
    assert [event.discovered for event in bench.of(UcmDiscovered)] == [True, False]


@pytest.mark.parametrize(
    ("mixed", "oauth", "zones"),
    [
        pytest.param("0", "0", ["CEtcp"], id="neither mode: plain TCP to 5060"),
        pytest.param("1", "0", ["CEtcp", "CEtls"], id="mixed mode: a TLS zone to 5061 too"),
        pytest.param(
            "0", "1", ["CEtcp", "CEOAuth"], id="SIP OAuth mode: TLS to 5091 whatever the security mode"
        ),
        pytest.param("1", "1", ["CEtcp", "CEtls", "CEOAuth"], id="both modes: all three"),
    ],
)
def test_the_cluster_s_modes_decide_which_zones_there_are(
    bench: Bench, mixed: str, oauth: str, zones: list[str]
) -> None:
    bench.parameter("ClusterSecurityMode", mixed)
    bench.parameter("ClusterSIPOAuthMode", oauth)
    assert bench.discover() is None
    every = {
        "CEtcp": (f"CEtcp-{NODE}", 5060),
        "CEtls": (f"CEtls-{NODE}", 5061),
        "CEOAuth": (f"CEOAuth {NODE}", 5091),
    }
    wanted = {name: (f"{NODE}:{port}", "Address resolvable") for name, port in map(every.__getitem__, zones)}
    assert bench.zones() == wanted
    assert {(row["search_rule"], row["priority"]) for row in bench.admin.zones()} == {(z, 45) for z in wanted}


def test_leaving_mixed_mode_takes_the_tls_zone_away_at_the_next_refresh(bench: Bench) -> None:
    bench.parameter("ClusterSecurityMode", "1")
    assert bench.discover() is None
    bench.parameter("ClusterSecurityMode", "0")
    assert f"CEtls-{NODE}" in bench.zones()
    assert bench.refresh() is None
    assert f"CEtls-{NODE}" not in bench.zones()
    last = bench.of(ZoneConfigured)[-1]
    assert (last.zone, last.what) == (f"CEtls-{NODE}", "removed")
    assert f'Event="System Configuration Changed" Detail="Zone \'CEtls-{NODE}\' removed' in "\n".join(
        bench.admin.event_log()
    )


def test_without_tls_verify_an_unknown_ca_is_no_obstacle(bench: Bench) -> None:
    expressway = bench.admin.actor
    expressway.set_trust(bench.world.site.pki.bundle(["expressway-ca"]))
    assert "Unable to communicate" in (bench.discover() or "")
    assert bench.discover(tls_verify=False) is None
