"""The sign-in from outside: through an edge, against an edge that answers wrongly, and over to another edge."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from simulator.core.actor.flow import Address, Fetch, Fetched
from softphone.core.settings.profile import Deployment
from softphone.core.signin.documents import Garbage
from softphone.core.signin.edge_documents import read_cookie, read_edge_config
from softphone.core.signin.uds_entry_points import Route
from tests.softphone.core.signin.test_sign_in import (
    GOOD,
    REFRESH,
    SECRET_PASSWORD,
    Bench,
    Script,
    oauth,
    tokens,
    xml,
)

ONE = {"_collab-edge._tls.lab.example.": ["10 10 8443 e1.lab.example."]}
TWO = {"_collab-edge._tls.lab.example.": ["10 10 8443 e1.lab.example.", "20 10 8444 e2.lab.example."]}
SSO = (
    '<SSOResult version="1.0"><Response><SingleSignOn><Status enabled="{}"/><Token enabled="true"/>'
    "</SingleSignOn></Response></SSOResult>"
)
COOKIE = "X-Auth=0123456789abcdef"


def edge_config(host: str = "e1.lab.example", *, sip: str | None = None, uds: str | None = None) -> Fetched:
    hop = f"<server><address>{host}</address><tlsPort>5061</tlsPort></server>" if sip is None else sip
    there = "<server><address>ucm-pub.lab.example</address><tlsPort>8443</tlsPort></server>"
    text = (
        '<getEdgeConfigResponse version="1.0"><serviceConfig/><edgeConfig>'
        f"<sipEdgeServer>{hop}</sipEdgeServer><sipRequest><route>&lt;sip:{host};lr&gt;</route></sipRequest>"
        f"<userUdsServer>{there if uds is None else uds}</userUdsServer></edgeConfig></getEdgeConfigResponse>"
    )
    cookie = ("Set-Cookie", f"{COOKIE}; Path=/; Secure; HttpOnly")
    return Fetched(status=200, body=text.encode(), headers=(cookie,))


OUTSIDE: Script = {
    **GOOD,
    "get_edge_sso": xml(SSO.format("false")),
    "get_edge_config": edge_config(),
}


def outside(srv: dict[str, list[str]] | None = None, **changed: Any) -> Bench:
    return Bench(script={**OUTSIDE, **changed}, srv=srv or ONE)


def place(fetch: Fetch) -> tuple[str, str]:
    """Which edge was asked, for what place inside (empty: for itself)."""
    parts = urlsplit(fetch.url)
    segment = parts.path.split("/")[1]
    text = b64decode(segment + "=" * (-len(segment) % 4)).decode()
    return parts.netloc, text.removeprefix("lab.example").lstrip("/")


def test_everything_goes_through_the_edge_and_names_what_lies_inside() -> None:
    bench = outside().start()
    assert (bench.state, bench.failures) == ("signed_in", [])
    assert {place(one)[0] for one in bench.asked} == {"e1.lab.example:8443"}
    inside = [place(one)[1] for one in bench.asked]
    assert inside[:2] == ["", ""], "get_edge_sso and get_edge_config are the edge's own"
    assert set(inside[2:]) == {"https/ucm-pub.lab.example/8443", "http/ucm-pub.lab.example/6970"}
    assert "=" not in urlsplit(bench.asked[0].url).path, "no padding"


def test_only_the_edge_is_shown_the_password_and_it_is_known_by_its_cookie_afterwards() -> None:
    bench = outside().start()
    shown = [one for one in bench.asked if "Basic" in dict(one.headers).get("Authorization", "")]
    assert [urlsplit(one.url).path.rpartition("/")[2] for one in shown] == ["get_edge_config"]
    assert {dict(one.headers).get("Cookie") for one in bench.asked[2:]} == {COOKIE}
    services = parse_qsl(urlsplit(shown[0].url).query)
    assert services == [("service_name", "_cisco-uds"), ("service_name", "_cuplogin")]


def test_the_phone_is_given_next_hop_route_and_file_of_the_edge() -> None:
    bench = outside().start()
    profile = bench.jabber.profile
    assert profile.deployment is Deployment.MRA
    (edge,) = profile.edges
    assert (edge.address, edge.route) == (Address("e1.lab.example", 5061), "<sip:e1.lab.example;lr>")
    assert bench.asked[-1].url == profile.config_urls[0]
    assert bench.asked[-1].url.endswith("/CSFALICE.cnf.xml")


def test_inside_records_win_over_those_of_the_edge() -> None:
    bench = outside({**ONE, "_cisco-uds._tcp.lab.example.": ["10 10 8443 ucm-pub.lab.example."]}).start()
    assert bench.state == "signed_in"
    assert bench.jabber.profile.edges == ()
    assert not any("e1.lab.example" in one.url for one in bench.asked)


DOWN = Fetched(failure="e1.lab.example:8443: connection refused")
WRONG_NAME = Fetched(failure="TLS refused by us: certificate verify failed: Hostname mismatch")
BLOCKED = Fetched(failure="the connection broke: connection reset by peer")
WRONG = [
    pytest.param("get_edge_sso", DOWN, "waiting", "E_UNREACHABLE", id="edge down"),
    pytest.param("get_edge_sso", WRONG_NAME, "waiting", "E_TLS_TRUST", id="certificate for another name"),
    pytest.param("get_edge_sso", BLOCKED, "waiting", "E_UNREACHABLE", id="address blocked"),
    pytest.param("get_edge_sso", xml("", 429), "waiting", "E_HTTP_STATUS", id="too fast"),
    pytest.param("get_edge_sso", xml("", 403), "failed", "E_EDGE_REFUSED", id="domain not served"),
    pytest.param("get_edge_sso", xml("<html/>"), "waiting", "E_GARBAGE", id="a page in place of get_edge_sso"),
    pytest.param("get_edge_sso", xml(SSO.format("true")), "failed", "E_EDGE_SSO", id="an identity provider"),
    pytest.param("get_edge_config", xml("", 401), "failed", "E_CREDENTIALS", id="password refused"),
    pytest.param("get_edge_config", xml("", 403), "failed", "E_EDGE_REFUSED", id="configuration refused"),
    pytest.param("get_edge_config", xml("", 502), "waiting", "E_HTTP_STATUS", id="no UCM behind the edge"),
    pytest.param("get_edge_config", xml("not <XML"), "waiting", "E_GARBAGE", id="garbage XML"),
    pytest.param("get_edge_config", xml("<!DOCTYPE x []><a/>"), "waiting", "E_GARBAGE", id="a DOCTYPE"),
    pytest.param("get_edge_config", edge_config(sip=""), "waiting", "E_NO_NEXT_HOP", id="no next hop"),
    pytest.param("get_edge_config", edge_config(uds=""), "waiting", "E_NO_UDS", id="no UDS server"),
    pytest.param(
        "get_edge_config",
        edge_config(sip="<server><address>e1 lab</address><tlsPort>5061</tlsPort></server>"),
        "waiting",
        "E_GARBAGE",
        id="a next hop that is no host",
    ),
    pytest.param("clusterUser", xml("", 403), "failed", "E_HTTP_STATUS", id="not in the allow list"),
    pytest.param("clusterUser", xml("", 502), "waiting", "E_HTTP_STATUS", id="connect failed inside"),
    pytest.param("login", xml("<html/>"), "failed", "E_CREDENTIALS", id="the form again"),
]


@pytest.mark.parametrize(("step", "answer", "state", "code"), WRONG)
def test_each_wrong_answer_of_an_edge_has_its_outcome(step: str, answer: Any, state: str, code: str) -> None:
    bench = outside(**{step: answer}).start()
    assert (bench.state, bench.failures) == (state, [code])


def test_an_edge_that_is_down_is_passed_over_for_the_next_one() -> None:
    bench = outside(
        TWO, get_edge_sso=[DOWN, xml(SSO.format("false"))], get_edge_config=edge_config("e2.lab.example")
    )
    assert bench.start().state == "signed_in"
    assert [edge.address.host for edge in bench.jabber.profile.edges] == ["e2.lab.example"]


def test_every_edge_is_asked_for_its_configuration_and_becomes_a_way_in() -> None:
    both = [edge_config("e1.lab.example"), edge_config("e2.lab.example")]
    bench = outside(TWO, get_edge_config=both).start()
    profile = bench.jabber.profile
    assert [edge.address.host for edge in profile.edges] == ["e1.lab.example", "e2.lab.example"]
    assert [urlsplit(url).netloc for url in profile.config_urls] == [
        "e1.lab.example:8443",
        "e2.lab.example:8444",
    ]


@pytest.mark.parametrize(
    "second",
    [DOWN, xml("", 403), xml("", 401), xml("<html/>")],
    ids=["is down", "answers 403", "answers 401", "answers a page"],
)
def test_a_second_edge_that_is_of_no_use_is_done_without(second: Fetched) -> None:
    bench = outside(TWO, get_edge_config=[edge_config(), second]).start()
    assert (bench.state, len(bench.failures), len(bench.jabber.profile.edges)) == ("signed_in", 1, 1)


def test_a_password_that_one_edge_refuses_is_not_carried_to_the_next() -> None:
    bench = outside(TWO, get_edge_config=xml("", 401)).start()
    assert (bench.state, bench.failures) == ("failed", ["E_CREDENTIALS"])
    assert {place(one)[0] for one in bench.asked} == {"e1.lab.example:8443"}


def test_what_may_pass_is_tried_again_from_the_name_server_on() -> None:
    bench = outside(get_edge_config=[xml("", 502), edge_config()])
    assert bench.start().state == "waiting"
    assert bench.wait(60).state == "signed_in"


def test_a_token_is_renewed_over_the_edge_and_over_the_other_when_that_is_lost() -> None:
    both = [edge_config("e1.lab.example"), edge_config("e2.lab.example")]
    bench = outside(TWO, get_edge_config=both, token=[tokens(1), DOWN, tokens(2)]).start().wait(2701)
    bench.wait(61)
    asked = [place(one)[0] for one in bench.asked if one.url.endswith("/ssosp/oauth/token")]
    assert asked == ["e1.lab.example:8443", "e1.lab.example:8443", "e2.lab.example:8444"]
    token = bench.jabber.sign_in.current(bench.clock.now())
    assert token is not None
    assert token.text == "access-2"


def test_no_secret_of_the_edge_is_in_any_event_or_repr() -> None:
    bench = outside(token=[tokens(1), oauth(400, error="invalid_grant")]).start().wait(2701)
    told = repr(bench.log.records()) + repr(bench.jabber.profile) + repr(bench.jabber.sign_in.account)
    for secret in (SECRET_PASSWORD, REFRESH, "access-1", COOKIE.partition("=")[2]):
        assert secret not in told


def test_a_route_that_would_break_out_of_its_header_is_garbage() -> None:
    body = edge_config().body.replace(b";lr", b";lr&#13;&#10;Evil: 1")
    with pytest.raises(Garbage):
        read_edge_config(body)


def test_only_cookies_that_can_be_sent_are_kept() -> None:
    headers = (("Set-Cookie", "a=b; Path=/"), ("set-cookie", "c=d"), ("Set-Cookie", "bad one"), ("X", "y=z"))
    assert read_cookie(headers) == "a=b; c=d"


def test_a_relayed_url_keeps_path_and_query_and_names_the_port() -> None:
    way = Route(edge="https://e:8443", domain="d.example")
    parts = urlsplit(way.url("https://ucm/cucm-uds/x?y=1"))
    segment = parts.path.split("/")[1]
    assert b64decode(segment + "=" * (-len(segment) % 4)) == b"d.example/https/ucm/443"
    assert (parts.netloc, parts.path.partition("/cucm")[2], parts.query) == ("e:8443", "-uds/x", "y=1")
