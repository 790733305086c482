"""A service as an actor: one answer after the other, late or in part if so planned, and the word to go on."""

from __future__ import annotations

from collections.abc import Callable

from simulator.core.actor.flow import Address, CloseFlow, FlowEnd, FlowFacts, SendData
from simulator.core.http.message import Delivery, HttpRequest, HttpResponse
from simulator.core.http.server import HttpServer
from simulator.core.ids import ActorId, FlowId
from simulator.core.instant import Instant

NOW = Instant(100.0)
FLOW = FlowId(7)
GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
EXPECTING = b"POST /axl/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nExpect: 100-continue\r\n%b\r\n"


class Service:
    """Answers with the path, delivered as `how` says of it; refuses who shows no credentials."""

    def __init__(self, how: Callable[[str], Delivery | None] = lambda path: None) -> None:
        self.how = how
        self.handled: list[HttpRequest] = []

    def refuse(self, head: HttpRequest, now: Instant) -> HttpResponse | None:
        named = {name.lower() for name, _ in head.headers}
        return None if "authorization" in named else HttpResponse(status=401)

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        self.handled.append(request)
        return HttpResponse(status=200, body=request.path.encode(), delivery=self.how(request.path))


def serving(service: Service, *, max_body: int = 100) -> HttpServer:
    server = HttpServer(ActorId("ucm-pub"), service, max_body=max_body)
    facts = FlowFacts(
        transport="tcp", local=Address("10.0.0.1", 80), remote=Address("10.0.0.9", 4), listener="x"
    )
    server.flow_opened(FLOW, facts, NOW)
    return server


def said(server: HttpServer) -> tuple[bytes, list[CloseFlow]]:
    effects = server.effects()
    data = b"".join(effect.data for effect in effects if isinstance(effect, SendData))
    return data, [effect for effect in effects if isinstance(effect, CloseFlow)]


def test_requests_sent_ahead_are_answered_in_turn() -> None:
    service = Service()
    server = serving(service)
    server.flow_data(FLOW, GET % 1 + GET % 2, NOW)
    data, closed = said(server)
    assert (data.count(b"HTTP/1.1 200 OK"), data.endswith(b"/2"), closed) == (2, True, [])
    assert service.handled[0].source == "10.0.0.9"


def test_a_late_answer_keeps_the_next_request_of_its_connection_waiting() -> None:
    server = serving(Service(lambda path: Delivery(delay=5) if path == "/1" else None))
    server.flow_data(FLOW, GET % 1 + GET % 2, NOW)
    assert said(server) == (b"", [])
    assert server.next_timeout() == 105.0
    server.handle_timeout(Instant(105.0))
    data, _ = said(server)
    assert data.index(b"/1") < data.index(b"/2")
    assert server.next_timeout() is None


def test_who_leaves_meanwhile_is_sent_nothing() -> None:
    server = serving(Service(lambda path: Delivery(delay=5)))
    server.flow_data(FLOW, GET % 1, NOW)
    server.flow_ended(FLOW, FlowEnd(by="peer", clean=True), NOW)
    server.flow_data(FLOW, GET % 2, NOW)
    assert (server.next_timeout(), said(server)) == (None, (b"", []))


def test_an_answer_in_part_ends_the_connection_and_none_at_all_resets_it() -> None:
    server = serving(Service(lambda path: Delivery(kept=1)))
    server.flow_data(FLOW, GET % 1, NOW)
    data, closed = said(server)
    assert data.endswith(b"Content-Length: 2\r\n\r\n/")
    assert closed == [CloseFlow(FLOW)]
    server = serving(Service(lambda path: Delivery(reset=True)))
    server.flow_data(FLOW, GET % 1, NOW)
    assert said(server) == (b"", [CloseFlow(FLOW, reset=True)])


def test_what_is_no_request_is_answered_and_the_connection_closed() -> None:
    service = Service()
    server = serving(service)
    server.flow_data(FLOW, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n" + GET % 1, NOW)
    data, closed = said(server)
    assert data.startswith(b"HTTP/1.1 505 ")
    assert closed == [CloseFlow(FLOW)]
    assert service.handled == []


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    server = serving(Service(), max_body=10)
    server.flow_data(FLOW, EXPECTING % (11, b"Authorization: x\r\n"), NOW)
    data, closed = said(server)
    assert data.startswith(b"HTTP/1.1 413 ")
    assert closed


def test_a_client_that_waits_is_told_to_go_on_or_refused() -> None:
    service = Service()
    server = serving(service)
    server.flow_data(FLOW, EXPECTING % (5, b"Authorization: x\r\n"), NOW)
    assert said(server) == (b"HTTP/1.1 100 Continue\r\n\r\n", [])
    server.flow_data(FLOW, b"hello", NOW)
    assert said(server)[0].startswith(b"HTTP/1.1 200 OK")
    assert service.handled[0].body == b"hello"
    server.flow_data(FLOW, EXPECTING % (5, b""), NOW)
    data, closed = said(server)
    assert data.startswith(b"HTTP/1.1 401 ")
    assert closed == [CloseFlow(FLOW)]
    assert len(service.handled) == 1
