"""An actor and the HTTP requests it has under way, as one actor."""

from __future__ import annotations

from heapq import heappop, heappush

from simulator.core.actor.flow import Effect, Fetch, Fetched, FetchingActor, FlowEnd, FlowFacts
from simulator.core.http.exchange import HttpExchange
from simulator.core.ids import ActorId, FlowId, FlowIds
from simulator.core.instant import Instant


class ActorWithFetches:
    """Run an actor's exchanges beside it: their flows and deadlines look like the actor's own.

    The actor hears of an answer by the timer, at once, after the exchange has closed what it had opened.
    """

    def __init__(self, actor: FetchingActor, flows: FlowIds) -> None:
        self._actor, self._flows = actor, flows
        self._under_way: dict[FlowId, tuple[str, HttpExchange]] = {}
        """Each with the key of its fetch, by the flow it has now."""
        self._deadlines: list[tuple[Instant, int, HttpExchange]] = []
        """A heap; exchanges that are over leave it when they come to its top."""
        self._begun = 0
        self._answers: list[tuple[str, Fetched]] = []
        self._answered_at = Instant(0.0)
        self._effects: list[Effect] = []

    @property
    def name(self) -> ActorId:
        return self._actor.name

    def is_fetching_on(self, flow: FlowId) -> bool:
        """Whether this flow belongs to a request that is under way."""
        return flow in self._under_way

    def fetch(self, fetch: Fetch, now: Instant) -> None:
        """Begin a request."""
        exchange = HttpExchange(self.name, fetch, self._flows, now)
        self._begun += 1
        heappush(self._deadlines, (Instant(now + fetch.timeout), self._begun, exchange))
        self._follow(fetch.key, exchange, now)

    # --- the actor --------------------------------------------------------------------------------------------

    def flow_opened(self, flow: FlowId, facts: FlowFacts, now: Instant) -> None:
        if flow not in self._under_way:
            self._actor.flow_opened(flow, facts, now)
            return
        key, exchange = self._under_way.pop(flow)
        exchange.flow_opened(flow, facts, now)
        self._follow(key, exchange, now)

    def flow_data(self, flow: FlowId, data: bytes, now: Instant) -> None:
        if flow not in self._under_way:
            self._actor.flow_data(flow, data, now)
            return
        key, exchange = self._under_way.pop(flow)
        exchange.flow_data(flow, data, now)
        self._follow(key, exchange, now)

    def flow_ended(self, flow: FlowId, end: FlowEnd, now: Instant) -> None:
        if flow not in self._under_way:
            self._actor.flow_ended(flow, end, now)
            return
        key, exchange = self._under_way.pop(flow)
        exchange.flow_ended(flow, end, now)
        self._follow(key, exchange, now)

    def fetched(self, key: str, result: Fetched, now: Instant) -> None:
        self._actor.fetched(key, result, now)

    def next_timeout(self) -> Instant | None:
        if self._answers:
            return self._answered_at
        while self._deadlines and self._deadlines[0][2].result is not None:
            heappop(self._deadlines)
        own = self._actor.next_timeout()
        if not self._deadlines:
            return own
        due = self._deadlines[0][0]
        return due if own is None else min(own, due)

    def handle_timeout(self, now: Instant) -> None:
        answers, self._answers = self._answers, []
        for key, result in answers:
            self._actor.fetched(key, result, now)
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, exchange = heappop(self._deadlines)
            if exchange.flow in self._under_way:
                key, _ = self._under_way.pop(exchange.flow)
                exchange.handle_timeout(now)
                self._follow(key, exchange, now)
        own = self._actor.next_timeout()
        if own is not None and own <= now:
            self._actor.handle_timeout(now)

    def effects(self) -> list[Effect]:
        drained, self._effects = self._effects, []
        return drained + self._actor.effects()

    def _follow(self, key: str, exchange: HttpExchange, now: Instant) -> None:
        """After a call into an exchange: take what it wants done, and its result if it has one."""
        self._effects += exchange.effects()
        if exchange.flow is not None:
            self._under_way[exchange.flow] = key, exchange
        elif exchange.result is not None:
            self._answers.append((key, exchange.result))
            self._answered_at = now
