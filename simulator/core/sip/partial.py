"""Messages of which a part has come and the rest is still to come: whose they are, and until when it may come.

No RFC limits how long a message may take on a stream. Without a limit a peer that sends half of one holds a
connection for good. Every wait is equally long, so the order of beginning is the order of ending.
"""

from __future__ import annotations

from collections import OrderedDict

from simulator.core.ids import FlowId
from simulator.core.instant import Instant


class PartialMessages:
    """`patience`: seconds from a message's first bytes to its last; None: any time."""

    def __init__(self, patience: float | None) -> None:
        self.patience = patience
        self._due: OrderedDict[FlowId, Instant] = OrderedDict()

    def wait(self, flow: FlowId, now: Instant) -> None:
        """The rest of a message is awaited; the time since its beginning counts."""
        if self.patience is not None and flow not in self._due:
            self._due[flow] = Instant(now + self.patience)

    def over(self, flow: FlowId) -> None:
        """The message is whole, or its connection gone."""
        if self._due:
            self._due.pop(flow, None)

    def next_timeout(self) -> Instant | None:
        return next(iter(self._due.values())) if self._due else None

    def take_overdue(self, now: Instant) -> list[FlowId]:
        """Those that took too long; they are not waited for any more."""
        late = []
        while self._due and next(iter(self._due.values())) <= now:
            late.append(self._due.popitem(last=False)[0])
        return late

    def clear(self) -> None:
        self._due.clear()
