"""Messages of which a part has arrived: whose they are, and when the rest must be there."""

from __future__ import annotations

from collections import OrderedDict

from simulator.core.ids import FlowId
from simulator.core.instant import Instant


class PartialMessages:
    """Keep the deadlines of unfinished messages. `patience`: seconds from a message's first bytes to its last;
    None: no limit.
    """

    def __init__(self, patience: float | None) -> None:
        self.patience = patience
        self._due: OrderedDict[FlowId, Instant] = OrderedDict()

    def wait(self, flow: FlowId, now: Instant) -> None:
        """Start waiting for the rest of a message; the time counts from its first bytes."""
        if self.patience is not None and flow not in self._due:
            self._due[flow] = Instant(now + self.patience)

    def over(self, flow: FlowId) -> None:
        """Stop waiting: the message is whole, or its connection is gone."""
        if self._due:
            self._due.pop(flow, None)

    def next_timeout(self) -> Instant | None:
        return next(iter(self._due.values())) if self._due else None

    def take_overdue(self, now: Instant) -> list[FlowId]:
        """Return the flows whose messages took too long, and stop waiting for them."""
        late = []
        while self._due and next(iter(self._due.values())) <= now:
            late.append(self._due.popitem(last=False)[0])
        return late

    def clear(self) -> None:
        self._due.clear()
