"""Expressway-E's 8443 in the World: real TLS, real UDS behind it."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable

import pytest

from simulator.core.actor.flow import Address, CloseFlow, Effect, Fetch, Fetched, FlowEnd, FlowFacts, SendData
from simulator.core.events import EdgeRequestAnswered, SourceBlocked
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant
from simulator.core.tls.settings import ClientTls
from simulator.expressway.core.mra_https.paths import BadPath, encode, parse
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.run.world import World, run_now

HOST = "expc.lab.example"
Ask = Callable[..., Fetched]
INSIDE = (("https", "ucm-pub.lab.example", 8443),)


class Client:
    """An actor that asks once, from the phone's address."""

    name = ActorId("CSFALICE")

    def __init__(self, fetch: Fetch) -> None:
        self.answer: Fetched | None = None
        self._effects: list[Effect] = [fetch]

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None: ...

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None: ...

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None: ...

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self.answer = result

    def next_timeout(self) -> Instant | None:
        return None

    def handle_timeout(self, now: Instant) -> None: ...

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained


@pytest.fixture
def world() -> World:
    config = LabConfig(
        nodes=[NodeConfig()],
        expressways=[ExpresswayConfig(rate_limit=10)],
        phones=[PhoneConfig(deployment="mra")],
    )
    world = World(config, real_now=Instant(time.time()))
    world.site.ucm.sign_in.load_passwords()
    return world


@pytest.fixture
def ask(world: World) -> Ask:
    def ask(path: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Fetched:
        tls = ClientTls(server_name=HOST, trust=world.site.pki.bundle(["expressway-ca"]))
        url = f"https://{HOST}:8443{path}"
        client = Client(Fetch(key="t", url=url, method=method, headers=headers, body=body, tls=tls))
        run_now(world.join(client))
        run_now(world.until_idle())
        assert client.answer is not None
        return client.answer

    return ask


def basic(user: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()


CONFIG = f"/{encode('lab.example')}/get_edge_config?service_name=_cisco-uds&service_name=_cuplogin"


def test_edge_config_wants_credentials(ask: Ask) -> None:
    answer = ask(CONFIG)
    assert answer.status == 401
    assert ("WWW-Authenticate", 'Basic realm="Cisco-Edge"') in answer.headers


def test_a_password_is_proved_inside_and_earns_a_cookie(ask: Ask) -> None:
    assert ask(CONFIG, basic("alice", "wrong")).status == 401
    answer = ask(CONFIG, basic("alice", "ucmsim"))
    text = answer.body.decode()
    assert answer.status == 200
    assert "<sipEdgeServer><server><address>expc.lab.example</address><tlsPort>5061</tlsPort>" in text
    assert re.search(
        r"<route>&lt;sip:198\.51\.100\.\d+:5061;transport=tls;zone-id=3;directed;lr&gt;</route>", text
    )
    assert "<name>_cuplogin</name><error>NameError</error>" in text
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie").partition(";")[0]
    assert ask(CONFIG, ("Cookie", cookie)).status == 200
    assert ask(CONFIG, ("Cookie", cookie[:-1])).status == 401


def test_a_client_with_a_good_token_is_let_in_and_reaches_UDS(world: World, ask: Ask) -> None:
    token = world.site.mint.token("alice", world.site.clock.now(), lifetime=3600, mutation=None).text
    bearer = ("Authorization", f"Bearer {token}")
    assert ask(CONFIG, bearer).status == 200
    inside = encode("lab.example/https/ucm-pub.lab.example/8443")
    answer = ask(f"/{inside}/cucm-uds/user/alice/devices", bearer)
    assert answer.status == 200
    assert b"CSFALICE" in answer.body
    assert ask(f"/{inside}/cucm-uds/user/alice/devices").status == 401
    assert b"<versionInformation" in ask(f"/{inside}/cucm-uds/version").body


def test_more_than_five_expired_tokens_block_the_source_for_ten_minutes(world: World, ask: Ask) -> None:
    token = world.site.mint.token("alice", world.site.clock.now(), lifetime=3600, mutation="expired").text
    bearer = ("Authorization", f"Bearer {token}")
    assert [ask(CONFIG, bearer).status for _ in range(6)] == [401] * 6
    assert ask(CONFIG, basic("alice", "ucmsim")).status is None
    blocked = [r.event for r in world.site.log.records() if isinstance(r.event, SourceBlocked)]
    assert [event.seconds for event in blocked] == [600.0]
    run_now(world.advance(601))
    assert ask(CONFIG, basic("alice", "ucmsim")).status == 200


def test_too_many_requests_a_second_are_answered_429(ask: Ask, world: World) -> None:
    statuses = [ask(f"/{encode('lab.example')}/get_edge_sso?email=a").status for _ in range(130)]
    assert 429 in statuses
    assert statuses[0] == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/", 400, id="no segment"),
        pytest.param("/!!!/get_edge_config", 400, id="no base64"),
        pytest.param("/A/get_edge_config", 400, id="one character"),
        pytest.param(f"/{'QUFB' * 400}/get_edge_config", 400, id="too long a segment"),
        pytest.param(f"/{encode('other.example')}/get_edge_config", 403, id="another domain"),
        pytest.param(f"/{encode('lab.example')}/get_everything", 404, id="another page of the edge"),
        pytest.param(
            f"/{encode('lab.example/https/ucm-pub.lab.example/22')}/cucm-uds/version", 403, id="another port"
        ),
        pytest.param(
            f"/{encode('lab.example/https/evil.example/8443')}/cucm-uds/version", 403, id="another host"
        ),
        pytest.param(
            f"/{encode('lab.example/https/ucm-pub.lab.example/8443')}/axl/",
            403,
            id="a path that is not allowed",
        ),
        pytest.param(
            f"/{encode('lab.example/https/ucm-pub.lab.example/8443')}/cucm-uds/../axl/",
            403,
            id="a step upwards",
        ),
        pytest.param(
            f"/{encode('lab.example/https/ucm-pub.lab.example/8443')}/cucm-uds/%2e%2e/axl",
            403,
            id="an escaped step upwards",
        ),
        pytest.param(
            f"/{encode('lab.example/https/ucm-pub.lab.example/x')}/cucm-uds/version",
            400,
            id="a port that is no number",
        ),
        pytest.param(f"/{encode('lab.example/https')}/cucm-uds/version", 400, id="half a place"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_and_nothing_goes_inside(
    world: World, ask: Ask, path: str, status: int
) -> None:
    assert ask(path).status == status
    answered = [r.event for r in world.site.log.records() if isinstance(r.event, EdgeRequestAnswered)]
    assert [event.inside for event in answered] == [""]


def test_bytes_that_are_no_domain() -> None:
    with pytest.raises(BadPath):
        parse("/" + b64encode(b"\xff\xfe\xfd").decode() + "/get_edge_config", "lab.example", INSIDE)


def test_who_sends_on_while_a_request_is_under_way_inside_is_bounded(world: World) -> None:
    expressway, now = world.site.expressways.expressway_c["expc"], world.site.clock.now()
    flow, here = FlowId(90_001), Address("198.51.100.7", 8443)
    facts = FlowFacts(transport="tls", local=here, remote=Address("203.0.113.9", 40000), listener="https")
    expressway.flow_opened(flow, facts, now)
    path = f"/{encode('lab.example/https/ucm-pub.lab.example/8443')}/cucm-uds/version"
    expressway.flow_data(flow, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), now)
    expressway.flow_data(flow, b"G" * 60_000, now)
    assert CloseFlow(flow) not in expressway.effects()
    expressway.flow_data(flow, b"G" * 6_000, now)
    assert expressway.effects() == [CloseFlow(flow)]


@pytest.mark.parametrize(
    ("place", "path", "passed_on"),
    [
        ("https/ucm-pub.lab.example/8443", "/cucm-uds/version", ["Accept", "Authorization"]),
        ("http/ucm-pub.lab.example/6970", "/CSFALICE.cnf.xml", ["Accept"]),
    ],
)
def test_credentials_go_on_over_TLS_and_not_in_the_clear(
    world: World, place: str, path: str, passed_on: list[str]
) -> None:
    token = world.site.mint.token("alice", world.site.clock.now(), lifetime=3600, mutation=None).text
    expressway, now = world.site.expressways.expressway_c["expc"], world.site.clock.now()
    flow, here = FlowId(90_100), Address("198.51.100.7", 8443)
    facts = FlowFacts(transport="tls", local=here, remote=Address("203.0.113.9", 40000), listener="https")
    expressway.flow_opened(flow, facts, now)
    lines = [
        f"GET /{encode(f'lab.example/{place}')}{path} HTTP/1.1",
        "Host: x",
        "Accept: */*",
        f"Authorization: Bearer {token}",
    ]
    expressway.flow_data(flow, "\r\n".join([*lines, "", ""]).encode(), now)
    (fetch,) = expressway.effects()
    assert isinstance(fetch, Fetch)
    assert [name for name, _ in fetch.headers] == passed_on


def test_a_client_that_sends_many_requests_ahead_keeps_no_other_waiting(world: World) -> None:
    expressway, now = world.site.expressways.expressway_c["expc"], world.site.clock.now()
    here = Address("198.51.100.7", 8443)
    flood, other = FlowId(90_001), FlowId(90_002)
    for flow, host in ((flood, "203.0.113.9"), (other, "203.0.113.10")):
        facts = FlowFacts(transport="tls", local=here, remote=Address(host, 40000), listener="https")
        expressway.flow_opened(flow, facts, now)
    request = f"GET /{encode('lab.example')}/get_edge_sso?email=a HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    def answered() -> list[FlowId]:
        return [effect.flow for effect in expressway.effects() if isinstance(effect, SendData)]

    expressway.flow_data(flood, request * 200, now)
    first = answered()
    assert 0 < len(first) < 100
    assert expressway.next_timeout() == now
    expressway.flow_data(other, request, now)
    assert answered() == [other]
    rounds = 0
    while len(first) < 200:
        expressway.handle_timeout(now)
        more = answered()
        assert 0 < len(more) < 100
        first += more
        rounds += 1
    assert set(first) == {flood}
    assert rounds > 1


def test_a_path_that_is_no_text_is_answered_400_and_goes_nowhere(world: World) -> None:
    expressway, now = world.site.expressways.expressway_c["expc"], world.site.clock.now()
    flow, here = FlowId(90_001), Address("198.51.100.7", 8443)
    facts = FlowFacts(transport="tls", local=here, remote=Address("203.0.113.9", 40000), listener="https")
    expressway.flow_opened(flow, facts, now)
    inside = encode("lab.example/https/ucm-pub.lab.example/8443").encode()
    expressway.flow_data(flow, b"GET /" + inside + b"/cucm-uds/\xff HTTP/1.1\r\nHost: x\r\n\r\n", now)
    answer, end = expressway.effects()
    assert isinstance(answer, SendData)
    assert answer.data.startswith(b"HTTP/1.1 400 ")
    assert end == CloseFlow(flow)
