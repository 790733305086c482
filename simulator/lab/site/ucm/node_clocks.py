"""The nodes' wall clocks: by how much each is wrong. Tokens, codes and Date go by them; timers do not.

Certificates are judged by OpenSSL at the machine's time, whatever a node's clock says.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.core.instant import Instant


class NodeClocks:
    """Seconds that the nodes' clocks are ahead of the true time; negative: behind."""

    def __init__(self, ahead: Mapping[str, float]) -> None:
        self._ahead = dict(ahead)

    def ahead(self, node: str) -> float:
        """Return by how many seconds the node's clock is ahead."""
        return self._ahead[node]

    def set(self, node: str, ahead: float) -> None:
        """Set the node's clock so many seconds ahead."""
        self._ahead[node] = ahead

    def at(self, node: str, now: Instant) -> Instant:
        """Return what the node's clock shows when it is truly `now`."""
        return Instant(now + self._ahead[node])
