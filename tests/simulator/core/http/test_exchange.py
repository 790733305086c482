"""One fetch as an actor: what it asks of its network, and what comes of what it is told."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import (
    Address,
    CloseFlow,
    Fetch,
    Fetched,
    FlowEnd,
    FlowFacts,
    OpenFlow,
    SendData,
)
from simulator.core.http.exchange import HttpExchange
from simulator.core.http.fetches import ActorWithFetches
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant
from simulator.core.tls.alerts import TlsRefusal
from simulator.core.tls.settings import ClientTls

NOW = Instant(100.0)
PHONE = ActorId("CSFALICE")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\nok"


def facts(transport: str = "tcp") -> FlowFacts:
    return FlowFacts(transport=transport, local=Address("10.0.0.1", 1), remote=Address("10.0.0.2", 2))  # type: ignore[arg-type]


def exchange(url: str = "http://ucm.lab:6970/x?y=1", **how: object) -> HttpExchange:
    return HttpExchange(PHONE, Fetch(key="k", url=url, **how), FlowIds(), NOW)  # type: ignore[arg-type]


def opened(one: HttpExchange) -> OpenFlow:
    """Open the flow it wants, and take what it sends there."""
    (effect,) = [effect for effect in one.effects() if isinstance(effect, OpenFlow)]
    one.flow_opened(effect.flow, facts(effect.transport), NOW)
    (sent,) = one.effects()
    assert isinstance(sent, SendData)
    return effect


def test_it_dials_asks_and_closes_when_the_answer_is_whole() -> None:
    one = exchange(headers=(("Authorization", "Basic YTpi"),))
    (dial,) = one.effects()
    assert dial == OpenFlow(flow=FlowId(1), transport="tcp", remote=Address("ucm.lab", 6970), timeout=11.0)
    one.flow_opened(FlowId(1), facts(), NOW)
    (sent,) = one.effects()
    assert isinstance(sent, SendData)
    assert sent.data.startswith(b"GET /x?y=1 HTTP/1.1\r\nHost: ucm.lab:6970\r\n")
    one.flow_data(FlowId(1), OK[:20], NOW)
    assert (one.result, one.effects()) == (None, [])
    one.flow_data(FlowId(1), OK[20:], NOW)
    assert one.result is not None
    assert (one.result.status, one.result.body, one.result.content_type) == (200, b"ok", "text/xml")
    assert one.effects() == [CloseFlow(FlowId(1))]
    assert (one.flow, one.next_timeout()) == (None, None)


def test_https_brings_the_trust_it_was_given_or_none() -> None:
    trust = ClientTls(server_name="other", trust=(b"pem",))
    assert opened(exchange("https://ucm.lab/", tls=trust)).tls == trust
    assert opened(exchange("https://ucm.lab/")).tls == ClientTls(server_name="ucm.lab")
    assert opened(exchange("https://ucm.lab/")).remote == Address("ucm.lab", 443)


def redirect(location: str, *, times: int = 1, **how: object) -> tuple[HttpExchange, list[bytes]]:
    """An exchange that is sent elsewhere so many times, and the requests it has made by then."""
    one, asked = exchange(**how), []
    for _ in range(times + 1):
        found = [effect for effect in one.effects() if isinstance(effect, OpenFlow)]
        if not found:
            break
        one.flow_opened(found[0].flow, facts(), NOW)
        asked += [effect.data for effect in one.effects() if isinstance(effect, SendData)]
        if len(asked) <= times:
            answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            one.flow_data(found[0].flow, answer.encode(), NOW)
    return one, asked


def test_a_redirection_is_followed_on_a_new_flow_with_the_credentials_on_the_same_host_only() -> None:
    secret = (("Authorization", "Basic YTpi"), ("Cookie", "a=b"), ("X-One", "1"))
    _, (first, second) = redirect("/there", headers=secret)
    assert second.startswith(b"GET /there HTTP/1.1\r\n")
    assert b"Authorization" in second
    _, (first, second) = redirect("http://other.lab/", headers=secret)
    assert b"Authorization" in first
    assert (b"Authorization" in second, b"Cookie" in second, b"X-One" in second) == (False, False, True)


@pytest.mark.parametrize(
    ("location", "times", "failure"),
    [
        ("/again", 4, "more than 3 redirects"),
        ("https://ucm.lab/", 1, "redirected from http to https"),
        ("http://[", 1, "not an http or https URL"),
    ],
)
def test_a_redirection_that_is_not_followed_is_a_failure(location: str, times: int, failure: str) -> None:
    one, _ = redirect(location, times=times)
    assert one.result == Fetched(failure=failure)


@pytest.mark.parametrize("how", [{"redirects": False}, {"method": "POST"}], ids=["not wanted", "a POST"])
def test_a_redirection_is_an_answer_where_it_is_not_to_be_followed(how: dict[str, object]) -> None:
    one, asked = redirect("/there", **how)
    assert len(asked) == 1
    assert one.result is not None
    assert one.result.status == 302


@pytest.mark.parametrize(
    ("end", "is_open", "failure"),
    [
        (FlowEnd(by="network", clean=False, detail="cannot connect to a:1"), False, "cannot connect to a:1"),
        (
            FlowEnd(by="network", clean=False, detail="reset by peer"),
            True,
            "the connection broke: reset by peer",
        ),
        (FlowEnd(by="peer", clean=True), True, "not an HTTP answer: the connection was closed without one"),
        (
            FlowEnd(
                by="us",
                clean=False,
                detail="self-signed",
                refusal=TlsRefusal(by="us", alert=48, reason="CERTIFICATE_VERIFY_FAILED", detail="self-signed"),
            ),
            False,
            "TLS refused by us: CERTIFICATE_VERIFY_FAILED, alert unknown_ca: self-signed",
        ),
    ],
    ids=["no connection", "it broke", "closed without an answer", "TLS refused"],
)
def test_the_end_of_the_flow_is_a_failure_in_words(end: FlowEnd, is_open: bool, failure: str) -> None:
    one = exchange()
    flow = opened(one).flow if is_open else FlowId(1)
    one.effects()
    one.flow_ended(flow, end, NOW)
    assert one.result == Fetched(failure=failure)
    assert one.effects() == []


def test_the_timeout_counts_for_the_whole_and_closes_what_is_open() -> None:
    one = exchange(timeout=3.0)
    flow = opened(one).flow
    assert one.next_timeout() == 103.0
    one.handle_timeout(Instant(102.9))
    assert one.result is None
    one.handle_timeout(Instant(103.0))
    assert one.result == Fetched(failure="no answer within 3 s")
    assert one.effects() == [CloseFlow(flow)]


@pytest.mark.parametrize(
    ("url", "headers", "failure"),
    [
        ("file:///etc/passwd", (), "not an http or https URL"),
        ("http://", (), "not an http or https URL"),
        ("http://a:0/", (), "not an http or https URL"),
        ("http://a/", (("X", "1\r\nY: 2"),), "a line break or space in the URL or a header"),
    ],
)
def test_what_cannot_be_sent_is_a_failure_at_once(
    url: str, headers: tuple[tuple[str, str], ...], failure: str
) -> None:
    one = exchange(url, headers=headers)
    assert one.result == Fetched(failure=failure)
    assert (one.effects(), one.next_timeout()) == ([], None)


# --- beside an actor ------------------------------------------------------------------------------------------


class Asker:
    """An actor that notes what it hears, and has a deadline of its own."""

    name = PHONE

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.due: Instant | None = Instant(107.0)

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        self.heard.append(("opened", flow))

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        self.heard.append((flow, data))

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        self.heard.append(("ended", flow))

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self.heard.append((key, result.status, result.failure))

    def next_timeout(self) -> Instant | None:
        return self.due

    def handle_timeout(self, now: Instant) -> None:
        self.heard.append("woken")
        self.due = None

    def effects(self) -> list[object]:
        return []


def test_an_actor_hears_of_its_own_flows_and_of_answers_only() -> None:
    asker, flows = Asker(), FlowIds()
    both = ActorWithFetches(asker, flows)  # type: ignore[arg-type]
    both.fetch(Fetch(key="a", url="http://ucm.lab/", timeout=5.0), NOW)
    both.fetch(Fetch(key="b", url="nonsense"), NOW)
    (dial,) = both.effects()
    assert isinstance(dial, OpenFlow)
    assert both.is_fetching_on(dial.flow)
    assert both.next_timeout() == NOW, "an answer is told by the timer, at once"
    both.handle_timeout(NOW)
    assert asker.heard == [("b", None, "not an http or https URL")]
    assert both.next_timeout() == 105.0
    own = flows.take()
    both.flow_opened(own, facts(), NOW)
    both.flow_opened(dial.flow, facts(), NOW)
    both.flow_data(own, b"SIP", NOW)
    both.flow_data(dial.flow, OK, NOW)
    both.flow_ended(own, FlowEnd(by="peer", clean=True), NOW)
    assert asker.heard[1:] == [("opened", own), (own, b"SIP"), ("ended", own)]
    assert both.effects()[-1] == CloseFlow(dial.flow)
    both.handle_timeout(NOW)
    assert asker.heard[-1] == ("a", 200, "")
    assert both.next_timeout() == 107.0
    both.handle_timeout(Instant(107.0))
    assert asker.heard[-1] == "woken"


def test_an_exchange_beside_an_actor_times_out_by_itself() -> None:
    asker = Asker()
    both = ActorWithFetches(asker, FlowIds())  # type: ignore[arg-type]
    both.fetch(Fetch(key="a", url="http://ucm.lab/", timeout=5.0), NOW)
    (dial,) = both.effects()
    assert isinstance(dial, OpenFlow)
    both.handle_timeout(Instant(105.0))
    assert both.effects() == [CloseFlow(dial.flow)]
    both.handle_timeout(Instant(105.0))
    assert asker.heard == [("a", None, "no answer within 5 s")]
