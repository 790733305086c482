"""6971 and 6972: who gets which file, and in which form; expired tokens at UDS."""

from __future__ import annotations

import time

import pytest

from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import ClusterConfig
from simulator.lab.config.phones import PhoneConfig, UserConfig
from simulator.lab.run.world import World, run_now

CONFIG = LabConfig(
    users=[UserConfig(id="bob")],
    phones=[
        PhoneConfig(device="CSFALICE", user="alice"),
        PhoneConfig(device="CSFCAROL", user="carol", dn="1012", profile="non-secure"),
    ],
)


@pytest.fixture(scope="module")
def world() -> World:
    return World(CONFIG, real_now=Instant(time.time()))


def get(world: World, path: str, token: str | None = None, method: str = "GET") -> HttpResponse:
    headers = () if token is None else (("Authorization", f"Bearer {token}"),)
    request = HttpRequest(method=method, path=path, headers=headers)
    return world.site.ucm.secure_config_files["ucm-pub"].handle(request, world.site.clock.now())


def token(world: World, user: str, mutation: str | None = None) -> str:
    return world.site.mint.token(user, world.site.clock.now(), mutation=mutation).text


def test_without_a_token_there_is_a_bearer_challenge(world: World) -> None:
    answer = get(world, "/CSFALICE.cnf.xml")
    assert answer.status == 401
    assert dict(answer.headers)["WWW-Authenticate"].startswith("Bearer realm=")
    assert b"<device" not in answer.body


def test_the_owner_gets_the_file_and_sgn_is_the_same_plain_xml(world: World) -> None:
    mine = token(world, "alice")
    plain = get(world, "/CSFALICE.cnf.xml", mine)
    assert (plain.status, b"sipOAuthPort" in plain.body) == (200, True)
    assert get(world, "/CSFALICE.cnf.xml.sgn", mine) == plain


@pytest.mark.parametrize("path", ["/CSFALICE.cnf.xml", "/CSFALICE.cnf.xml.sgn"])
def test_somebody_else_does_not(world: World, path: str) -> None:
    assert get(world, path, token(world, "bob")).status == 403
    assert get(world, path, token(world, "alice", "expired")).status == 401
    assert get(world, path).status == 401


def test_a_device_without_an_oauth_profile_needs_no_token(world: World) -> None:
    assert get(world, "/CSFCAROL.cnf.xml").status == 200


@pytest.mark.parametrize("name", ["jabber-config.xml", "SPDefault.cnf.xml"])
def test_jabbers_own_files_are_there(world: World, name: str) -> None:
    answer = get(world, f"/{name}")
    assert (answer.status, answer.body.startswith(b"<?xml")) == (200, True)
    assert get(world, f"/{name}", method="HEAD").body == b""


def test_uds_names_the_profile_and_jabber_files_that_exist(world: World) -> None:
    request = HttpRequest(
        method="GET",
        path="/cucm-uds/user/alice",
        headers=(("Authorization", f"Bearer {token(world, 'alice')}"),),
    )
    body = world.site.ucm.tomcats["ucm-pub"].handle(request, world.site.clock.now()).body.decode()
    uri = body.partition("<jabberProfile><uri>")[2].partition("<")[0]
    assert uri.startswith("https://ucm-pub.lab.example:6972/JAB_")
    assert get(world, uri.removeprefix("https://ucm-pub.lab.example:6972")).status == 200


@pytest.mark.parametrize(("defect", "status"), [(False, 401), (True, 200)])
def test_an_expired_token_at_uds_with_and_without_the_defect(defect: bool, status: int) -> None:
    config = CONFIG.model_copy(update={"cluster": ClusterConfig(accept_expired=defect)})
    world = World(config, real_now=Instant(time.time()))
    old = token(world, "alice")
    run_now(world.advance(3601))
    request = HttpRequest(
        method="GET", path="/cucm-uds/user/alice/devices", headers=(("Authorization", f"Bearer {old}"),)
    )
    assert world.site.ucm.tomcats["ucm-pub"].handle(request, world.site.clock.now()).status == status
