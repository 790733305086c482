"""What a CallManager keeps of each connection that comes in."""

from __future__ import annotations

from registrar.core.register.peer import Peer
from simulator.core.actor.flow import Address
from simulator.core.instant import Instant
from simulator.core.sip import ClientTransactions, ServerTransactions, SipStream


class CallManagerFlow:
    """What a CallManager keeps of one flow: the peer, the stream or the transactions, the next deadline.

    On TCP and TLS nothing is retransmitted and requests are answered at once: only UDP needs server
    transactions (RFC 3261 17.2.2).
    """

    __slots__ = ("client", "local", "peer", "queued", "server", "stream")

    def __init__(self, peer: Peer, local: Address) -> None:
        datagrams = peer.transport == "udp"
        self.peer = peer
        self.local = local
        self.stream = None if datagrams else SipStream()
        self.server = ServerTransactions[bytes](reliable=False) if datagrams else None
        self.client: ClientTransactions | None = None
        """Made for the first request the node sends on this flow."""
        self.queued: Instant | None = None
        """The deadline the actor has noted for this connection."""

    def next_timeout(self) -> Instant | None:
        """Return the next deadline of the connection's transactions; None: there is none."""
        dues = [part.next_timeout() for part in (self.server, self.client) if part is not None]
        return min((due for due in dues if due is not None), default=None)

    def handle_timeout(self, now: Instant) -> None:
        """Let the transactions do what is due by `now`."""
        for part in (self.server, self.client):
            if part is not None:
                part.handle_timeout(now)
