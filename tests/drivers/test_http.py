"""HTTP endpoints and fetches: the same answers, failures and flows on both networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from certs.authority import Authority, IssuedCertificate
from simulator.core.actor.flow import Address, Fetch, Fetched
from simulator.core.events import FlowClosed, FlowFailed, FlowOpened, TlsEstablished, TlsFailed
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse
from simulator.core.instant import Instant
from simulator.core.network.endpoint import Endpoint, HttpHandler
from simulator.core.tls.settings import ClientTls, ServerTls
from tests.drivers.bench import Bench, Talker


@dataclass
class Files:
    """A service: answers by path, and remembers what it was asked."""

    answers: dict[str, HttpResponse]
    asked: list[HttpRequest] = field(default_factory=list)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        self.asked.append(request)
        return self.answers.get(request.path, HttpResponse(status=404, body=b"no such file"))


@dataclass
class Web:
    """A service on an endpoint, a client that has joined, and how it asks."""

    bench: Bench
    files: Files
    endpoint: Endpoint
    address: Address
    client: Talker
    tls: ClientTls | None

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}{path}"

    async def get(self, path: str, **how: Any) -> Fetched:
        return await self.bench.fetch(self.client, self.url(path), tls=self.tls, **how)


TEXT = (("Content-Type", "text/xml"),)


@pytest.fixture(params=["http", "https"])
async def web(request: pytest.FixtureRequest, bench: Bench, node: IssuedCertificate, ca: Authority) -> Web:
    files = Files(
        {
            "/CSFALICE.cnf.xml": HttpResponse(status=200, headers=TEXT, body=b"<device/>"),
            "/empty": HttpResponse(status=204),
            "/moved": HttpResponse(status=302, headers=(("Location", "/CSFALICE.cnf.xml"),)),
            "/round": HttpResponse(status=302, headers=(("Location", "/round"),)),
            "/late": HttpResponse(status=200, body=b"late", delivery=Delivery(delay=0.2)),
            "/much-later": HttpResponse(status=200, body=b"much later", delivery=Delivery(delay=3000)),
            "/too-late": HttpResponse(status=200, body=b"late", delivery=Delivery(delay=3)),
            "/half": HttpResponse(status=200, body=b"0123456789", delivery=Delivery(kept=5)),
            "/reset": HttpResponse(status=200, body=b"0123456789", delivery=Delivery(reset=True)),
            "/large": HttpResponse(status=200, body=bytes(range(256)) * 3000),
        }
    )
    secure = request.param == "https"
    server_tls = ServerTls(credential=node.credential) if secure else None
    endpoint = bench.endpoint(
        "ucm", HttpHandler(service=files, max_body=100_000), name="config", tls=server_tls
    )
    (address,) = await bench.network.open(endpoint)
    client = Talker("phone")
    await bench.network.join(client)
    tls = ClientTls(server_name="ucm", trust=(ca.certificate,)) if secure else None
    return Web(bench, files, endpoint, address, client, tls)


async def test_an_answer_arrives_with_its_status_fields_and_body(web: Web) -> None:
    result = await web.get("/CSFALICE.cnf.xml?a=1", headers=(("X-Asked", "by me"),))
    assert (result.status, result.body, result.content_type) == (200, b"<device/>", "text/xml")
    assert result.failure == ""
    (request,) = web.files.asked
    assert (request.method, request.path, request.query) == ("GET", "/CSFALICE.cnf.xml", (("a", "1"),))
    assert ("X-Asked", "by me") in request.headers
    assert request.source == ("10.0.0.1" if web.bench.virtual else "127.0.0.1")


async def test_a_fetch_is_a_flow_of_both_sides(web: Web) -> None:
    await web.get("/CSFALICE.cnf.xml")
    kind = "tls" if web.tls else "tcp"
    await web.bench.until(lambda: web.bench.of("ucm", FlowClosed), "the end at the server")
    assert [(e.transport, e.listener) for e in web.bench.of("ucm", FlowOpened)] == [(kind, "config")]
    assert [(e.transport, e.remote) for e in web.bench.of("phone", FlowOpened)] == [(kind, str(web.address))]
    assert len(web.bench.of("phone", FlowClosed)) == 1
    assert len(web.bench.of("phone", TlsEstablished)) == (1 if web.tls else 0)
    assert web.client.calls == ["fetched"], "the actor that asks is told of the answer only"


async def test_any_status_is_an_answer(web: Web) -> None:
    assert (await web.get("/nothing")).status == 404
    empty = await web.get("/empty")
    assert (empty.status, empty.body, empty.failure) == (204, b"", "")


async def test_a_body_is_sent(web: Web) -> None:
    result = await web.get("/CSFALICE.cnf.xml", method="POST", body=b"x" * 50_000)
    assert result.status == 200
    assert web.files.asked[0].body == b"x" * 50_000


async def test_a_body_beyond_the_endpoint_s_limit_is_refused(web: Web) -> None:
    result = await web.get("/CSFALICE.cnf.xml", method="POST", body=b"x" * 100_001)
    assert result.status == 413
    assert web.files.asked == []


async def test_a_large_answer_arrives_whole(web: Web) -> None:
    assert (await web.get("/large")).body == bytes(range(256)) * 3000


async def test_a_redirection_is_followed(web: Web) -> None:
    result = await web.get("/moved")
    assert (result.status, result.body) == (200, b"<device/>")
    assert [request.path for request in web.files.asked] == ["/moved", "/CSFALICE.cnf.xml"]


async def test_a_redirection_is_an_answer_for_an_actor_that_wants_it(web: Web) -> None:
    result = await web.get("/moved", redirects=False)
    assert (result.status, dict(result.headers)["Location"]) == (302, "/CSFALICE.cnf.xml")
    assert len(web.files.asked) == 1


async def test_redirections_without_end_are_a_failure(web: Web) -> None:
    result = await web.get("/round")
    assert (result.status, result.failure) == (None, "more than 3 redirects")
    assert len(web.files.asked) == 4


async def test_a_late_answer_is_waited_for(web: Web) -> None:
    result = await web.get("/late")
    assert (result.status, result.body) == (200, b"late")


async def test_a_late_answer_comes_when_the_clock_has_moved_so_far(web: Web) -> None:
    web.client.todo.append(Fetch(key="late", url=web.url("/much-later"), tls=web.tls, timeout=9000.0))
    web.bench.network.run(web.client)
    await web.bench.until(lambda: web.files.asked, "the request")
    await web.bench.network.advance(2000)
    assert web.client.results == {}
    await web.bench.network.advance(1000)
    assert web.client.results["late"].body == b"much later"


async def test_an_answer_that_comes_too_late_is_none(web: Web) -> None:
    result = await web.get("/too-late", timeout=0.3)
    assert (result.status, result.failure) == (None, "no answer within 0.3 s")
    await web.bench.until(lambda: web.bench.of("phone", FlowClosed), "the end of its flow")


async def test_half_a_body_is_a_failure(web: Web) -> None:
    result = await web.get("/half")
    assert result.status is None
    assert result.failure == "the body ends too early"


async def test_a_reset_instead_of_an_answer_is_a_failure(web: Web) -> None:
    result = await web.get("/reset")
    assert result.status is None
    assert "connection" in result.failure


async def test_a_fetch_from_a_dead_port_fails(web: Web) -> None:
    await web.bench.network.close(web.endpoint)
    result = await web.get("/CSFALICE.cnf.xml")
    assert result.status is None
    assert "connection refused" in result.failure
    assert [e.remote for e in web.bench.of("phone", FlowFailed)] == [str(web.address)]


async def test_an_endpoint_that_is_opened_again_answers_again(web: Web) -> None:
    assert (await web.get("/CSFALICE.cnf.xml")).status == 200
    await web.bench.network.close(web.endpoint)
    assert (await web.get("/CSFALICE.cnf.xml")).status is None
    handler = web.endpoint.handler
    again = web.bench.endpoint(
        "ucm", handler, name="config", tls=web.endpoint.listen.tls, port=web.address.port
    )
    assert await web.bench.network.open(again) == (web.address,)
    assert (await web.get("/CSFALICE.cnf.xml")).status == 200


async def test_several_fetches_at_once_are_each_answered(web: Web) -> None:
    web.client.todo += [Fetch(key=str(n), url=web.url(f"/{n}"), tls=web.tls) for n in range(5)]
    web.bench.network.run(web.client)
    await web.bench.until(lambda: len(web.client.results) == 5, "five answers")
    assert {result.status for result in web.client.results.values()} == {404}
    assert sorted(request.path for request in web.files.asked) == [f"/{n}" for n in range(5)]


async def test_an_actor_that_leaves_is_told_of_no_answer(web: Web) -> None:
    web.client.todo.append(Fetch(key="late", url=web.url("/late"), tls=web.tls))
    web.bench.network.run(web.client)
    await web.bench.until(lambda: web.files.asked, "the request")
    await web.bench.network.leave(web.client)
    await web.bench.network.advance(5)
    assert web.client.calls == []


async def test_a_name_that_does_not_resolve_is_a_failure(bench: Bench) -> None:
    client = Talker("phone")
    await bench.network.join(client)
    result = await bench.fetch(client, "http://nowhere.invalid:6970/CSFALICE.cnf.xml")
    assert result.status is None
    assert "nowhere.invalid:6970" in result.failure


async def test_https_that_trusts_nobody_is_refused_with_the_alert(
    bench: Bench, node: IssuedCertificate, foreign_ca: Authority
) -> None:
    endpoint = bench.endpoint(
        "ucm", HttpHandler(service=Files({})), name="https", tls=ServerTls(credential=node.credential)
    )
    (address,) = await bench.network.open(endpoint)
    client = Talker("phone")
    await bench.network.join(client)
    tls = ClientTls(server_name="ucm", trust=(foreign_ca.certificate,))
    result = await bench.fetch(client, f"https://{address}/", tls=tls)
    assert result.failure.startswith("TLS refused by us: CERTIFICATE_VERIFY_FAILED, alert unknown_ca")
    await bench.until(lambda: bench.of("ucm", TlsFailed), "the alert to arrive")
    assert [(e.by, e.alert_name) for e in bench.of("ucm", TlsFailed)] == [("peer", "unknown_ca")]


@pytest.mark.parametrize("url", ["ftp://192.0.2.1/", "http://", "http://192.0.2.1:0/", "nothing"])
async def test_what_is_no_http_url_is_a_failure(bench: Bench, url: str) -> None:
    client = Talker("phone")
    await bench.network.join(client)
    result = await bench.fetch(client, url)
    assert (result.status, result.failure) == (None, "not an http or https URL")
