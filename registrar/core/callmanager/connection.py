"""The ports that a CallManager opens, and what it keeps of each connection that comes in."""

from __future__ import annotations

from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.peer import Peer
from registrar.core.register.policy import RegistrarPolicy
from simulator.core.actor.flow import Address, Listen
from simulator.core.instant import Instant
from simulator.core.sip import ClientTransactions, ServerTransactions, SipStream
from simulator.core.tls.settings import ClientAuth, ServerTls


def listens(snapshot: NodeSnapshot, policy: RegistrarPolicy, bind: str) -> tuple[Listen, ...]:
    """Return the ports with the certificate and the client authentication of each.

    5060 twice (`sip-udp`, `sip-tcp`), 5061 (`sips`), 5090 (`oauth`), 5091 (`mra`), on the address `bind`.
    """
    ports = snapshot.ports
    secure = ServerTls(
        credential=snapshot.callmanager,
        client_auth=ClientAuth.REQUIRED if policy.lsc_in_handshake else ClientAuth.OPTIONAL,
        trust=snapshot.phone_trust,
        minimum=snapshot.tls_minimum,
        maximum=snapshot.tls_maximum,
    )
    # Both OAuth ports present Tomcat's certificate, not CallManager's. [documented: sip-wire 0.2]
    oauth = ServerTls(
        credential=snapshot.tomcat,
        client_auth=ClientAuth.OPTIONAL if policy.request_client_certificate else ClientAuth.NONE,
        trust=snapshot.tomcat_trust,
        minimum=snapshot.tls_minimum,
        maximum=snapshot.tls_maximum,
    )
    mra = ServerTls(
        credential=snapshot.tomcat,
        client_auth=ClientAuth.REQUIRED,
        trust=snapshot.tomcat_trust,
        minimum=snapshot.tls_minimum,
        maximum=snapshot.tls_maximum,
    )
    return (
        Listen(name="sip-udp", transport="udp", address=Address(bind, ports.sip)),
        Listen(name="sip-tcp", transport="tcp", address=Address(bind, ports.sip)),
        Listen(name="sips", transport="tls", address=Address(bind, ports.sips), tls=secure),
        Listen(name="oauth", transport="tls", address=Address(bind, ports.oauth), tls=oauth),
        Listen(name="mra", transport="tls", address=Address(bind, ports.mra), tls=mra),
    )


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
