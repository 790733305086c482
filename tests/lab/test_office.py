"""What administrators set at one door counts at the others."""

from __future__ import annotations

import time

import pytest

from simulator.core.instant import Instant
from simulator.lab.config import LabConfig, PhoneConfig
from simulator.lab.scenario import Step
from simulator.lab.steps import Progress, take
from simulator.lab.world import World, run_now


@pytest.fixture
def world() -> World:
    return World(LabConfig(phones=[PhoneConfig()]), real_now=Instant(time.time()))


def do(world: World, **step: object) -> list[str]:
    progress = Progress()
    run_now(take(world, Step.model_validate(step), progress))
    return progress.failures


def parameter(name: str, value: str) -> dict[str, str]:
    body = (
        "<processNodeName>EnterpriseWideData</processNodeName>"
        f"<name>{name}</name><service>Enterprise Wide</service><value>{value}</value>"
    )
    return {"operation": "updateServiceParameter", "body": body}


def test_sign_in_parameters_set_over_axl_count_at_once(world: World) -> None:
    signon = world.site.office.signon
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
    before = world.site.office.signon.parameters
    assert not do(world, axl={**parameter(name, value), "status": 500, "answers": "must be"})
    assert world.site.office.signon.parameters == before


def test_a_shorter_refresh_timer_set_over_the_cli_counts_too(world: World) -> None:
    sql = "run sql update processconfig set paramvalue = '7' where paramname = 'OAuthRefreshTokenExpiryTimer'"
    assert not do(world, admin={"command": sql, "prints": "Rows: 1"})
    assert world.site.office.signon.parameters.refresh_lifetime == 7 * 86_400
