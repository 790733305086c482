"""The nodes' wall clocks: by how much each is wrong. Tokens, codes and Date go by them; timers do not.

Certificates are judged by OpenSSL at the machine's time, whatever a node's clock says.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.core.http.message import HttpRequest, HttpResponse, HttpService
from simulator.core.instant import Instant


class NodeClocks:
    """Seconds ahead of the true time, by node; negative: behind."""

    def __init__(self, ahead: Mapping[str, float]) -> None:
        self._ahead = dict(ahead)

    def ahead(self, node: str) -> float:
        return self._ahead[node]

    def set(self, node: str, ahead: float) -> None:
        self._ahead[node] = ahead

    def at(self, node: str, now: Instant) -> Instant:
        """What the node's clock shows when it is truly `now`."""
        return Instant(now + self._ahead[node])


class ByNodeClock:
    """An HttpService that knows the time from its node."""

    def __init__(self, service: HttpService, clocks: NodeClocks, node: str) -> None:
        self._service, self._clocks, self._node = service, clocks, node

    def handle(self, request: HttpRequest, now: Instant) -> HttpResponse:
        return self._service.handle(request, self._clocks.at(self._node, now))
