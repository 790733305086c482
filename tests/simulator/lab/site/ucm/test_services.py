"""What administrators set through one interface counts in the others."""

from __future__ import annotations

import time

import pytest

from registrar.core.soap.accounts import Login
from simulator.core.events import StepTaken
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.run.world import World, run_now
from simulator.lab.steps.registry import step_of
from simulator.lab.steps.scenario_run import ScenarioRun


@pytest.fixture
def world() -> World:
    return World(LabConfig(phones=[PhoneConfig()]), real_now=Instant(time.time()))


def do(world: World, **step: object) -> list[str]:
    run = ScenarioRun(world)
    run_now(step_of(step).take(run))
    return run.failures


def parameter(name: str, value: str) -> dict[str, str]:
    body = (
        "<processNodeName>EnterpriseWideData</processNodeName>"
        f"<name>{name}</name><service>Enterprise Wide</service><value>{value}</value>"
    )
    return {"operation": "updateServiceParameter", "body": body}


def test_sign_in_parameters_set_over_axl_count_at_once(world: World) -> None:
    signon = world.site.ucm.sign_in.signon
    assert (signon.parameters.refresh_login_flow, signon.parameters.access_expiry_minutes) == (True, 60)
    assert not do(world, axl=parameter("OAuthAccessTokenExpiryTimer", "5"))
    assert not do(world, axl=parameter("OAuthRefreshLoginFlow", "0"))
    assert signon.parameters.access_lifetime == 300
    assert not signon.parameters.refresh_login_flow


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OAuthAccessTokenExpiryTimer", "0"),
        ("OAuthAccessTokenExpiryTimer", "1441"),
        ("OAuthRefreshTokenExpiryTimer", "366"),
        ("OAuthRefreshTokenExpiryTimer", "x"),
        ("OAuthRefreshLoginFlow", "2"),
        ("OAuthRefreshLoginFlow", "1" * 5000),
    ],
)
def test_what_cannot_be_saved_is_refused_and_nothing_is_changed(world: World, name: str, value: str) -> None:
    before = world.site.ucm.sign_in.signon.parameters
    assert not do(world, axl={**parameter(name, value), "status": 500, "answers": "must be"})
    assert world.site.ucm.sign_in.signon.parameters == before


def test_a_shorter_refresh_timer_set_over_the_cli_counts_too(world: World) -> None:
    sql = "run sql update processconfig set paramvalue = '7' where paramname = 'OAuthRefreshTokenExpiryTimer'"
    assert not do(world, admin={"command": sql, "prints": "Rows: 1"})
    assert world.site.ucm.sign_in.signon.parameters.refresh_lifetime == 7 * 86_400


def user(operation: str, body: str) -> dict[str, str]:
    return {"operation": operation, "body": body}


def test_a_password_given_over_axl_is_the_users(world: World) -> None:
    sign_in = world.site.ucm.sign_in
    sign_in.load_passwords()
    zoe = "<user><userid>zoe</userid><lastName>Z</lastName><password>Secret12</password></user>"
    assert not do(world, axl=user("addUser", zoe))
    assert sign_in.signon.sign_in("zoe", "Secret12") == world.site.cluster.directory.user("zoe")
    assert sign_in.signon.sign_in("zoe", "ucmsim") == "wrong"
    assert not do(world, axl=user("updateUser", "<userid>alice</userid><password>Other-1</password>"))
    assert sign_in.signon.sign_in("alice", "ucmsim") == "wrong"
    assert sign_in.signon.sign_in("alice", "Other-1") != "wrong"
    assert not do(world, axl=user("updateUser", "<userid>alice</userid><title>Dr</title>"))
    assert sign_in.signon.sign_in("alice", "Other-1") != "wrong"


def test_a_user_without_a_password_gets_the_labs(world: World) -> None:
    sign_in = world.site.ucm.sign_in
    sign_in.load_passwords()
    assert not do(world, axl=user("addUser", "<user><userid>zoe</userid><lastName>Z</lastName></user>"))
    assert sign_in.signon.sign_in("zoe", "ucmsim") != "wrong"


def test_no_interface_shows_a_password(world: World) -> None:
    body = "<userid>alice</userid><password>Secret12</password>"
    assert not do(world, axl=user("updateUser", body))
    shown = {
        "operation": "getUser",
        "body": "<userid>alice</userid>",
        "answers": r"(?s)\A(?!.*(Secret12|scrypt))",
    }
    assert not do(world, axl=shown)
    assert not do(world, admin={"command": "run sql select * from credential", "fails": True})
    # The step itself is shown as its author wrote it.
    seen = [record for record in world.site.log.records() if not isinstance(record.event, StepTaken)]
    assert not any("Secret12" in str(record) for record in seen)


def test_too_long_a_password_is_a_fault(world: World) -> None:
    body = f"<userid>alice</userid><password>{'x' * 2000}</password>"
    assert not do(world, axl={**user("updateUser", body), "status": 500, "answers": "1 to 1024 bytes"})


def test_an_account_locked_at_one_interface_is_locked_at_every_interface(world: World) -> None:
    sign_in, clock = world.site.ucm.sign_in, world.site.clock
    assert sign_in.administrators.sign_in("admin", "ucmsim") is not None
    for _ in range(3):
        assert sign_in.administrators.sign_in("admin", "wrong") is None
    assert sign_in.accounts.log_in("admin", "ucmsim", clock.now()) is Login.LOCKED
    assert not do(world, axl={**user("getCCMVersion", ""), "status": 401})
    run_now(world.advance(301))
    assert sign_in.administrators.sign_in("admin", "ucmsim") is not None
