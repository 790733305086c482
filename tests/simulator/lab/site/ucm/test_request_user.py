"""Whom a request to a node's web server is about."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlencode

import pytest

from simulator.core.http.message import HttpRequest
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.site.site import Site
from tests.simulator.lab.site.bench import NOW, built


@pytest.fixture(scope="module")
def site() -> Site:
    return built(LabConfig(phones=[PhoneConfig()])).site


def user_of(
    site: Site, path: str, *, method: str = "GET", authorization: str = "", body: str = ""
) -> str | None:
    headers = (("Authorization", authorization),) if authorization else ()
    query = tuple(tuple(part.split("=", 1)) for part in path.partition("?")[2].split("&") if part)
    request = HttpRequest(
        method=method, path=path.partition("?")[0], query=query, headers=headers, body=body.encode()
    )
    return site.ucm.sign_in.request_user.user_of("ucm-pub", request, NOW)


@pytest.mark.parametrize(
    "path",
    [
        "/cucm-uds/user/ALICE/devices",
        "/cucm-uds/clusterUser?username=Alice",
        "/cucm-uds/clusterUser?email=alice@lab.example",
        "/CSFALICE.cnf.xml",
    ],
)
def test_a_user_is_named_in_the_path_or_owns_the_file(site: Site, path: str) -> None:
    assert user_of(site, path) == "alice"


def test_the_credentials_name_a_user_or_an_administrator(site: Site) -> None:
    for name in ("alice", "admin"):
        basic = b64encode(f"{name}:x".encode()).decode()
        assert user_of(site, "/axl/", authorization=f"Basic {basic}") == name
    token = site.mint.token("alice", NOW).text
    assert user_of(site, "/cucm-uds/version", authorization=f"Bearer {token}") == "alice"


def test_a_sign_in_form_names_the_user_only_where_users_sign_in(site: Site) -> None:
    form = urlencode({"user": "alice", "password": "wrong"})
    assert user_of(site, "/ssosp/oauth/authorize", method="POST", body=form) == "alice"
    assert user_of(site, "/axl/", method="POST", body=form) is None


@pytest.mark.parametrize("path", ["/cucm-uds/user/nobody", "/CSFNOBODY.cnf.xml", "/", "/cucm-uds/version"])
def test_nobody_is_named_or_nobody_the_cluster_knows(site: Site, path: str) -> None:
    assert user_of(site, path, authorization="Bearer not.a.token") is None
