"""How a request reached the node: the listener's role, the peer, and what the connection has shown so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from registrar.core.cluster.expressway_table import TrustVerdict
from simulator.core.actor.flow import Address, FlowFacts, Transport
from simulator.core.ids import FlowId
from simulator.core.tls.identity import PeerIdentity

_REMEMBERED_CALLS = 1024


class PeerRole(Enum):
    """What a listener is for; the value is its name in `Listen` (5060 has two: `sip-udp` and `sip-tcp`)."""

    PLAIN = "sip"
    """5060: non-secure phones."""
    SECURE = "sips"
    """5061: mutual TLS with the phone's own certificate."""
    PHONE_OAUTH = "oauth"
    """5090: TLS with server authentication, bearer token. [documented]"""
    MRA_OAUTH = "mra"
    """5091: mutual TLS with Expressway-C, bearer token of the phone behind it. [documented]"""

    def __init__(self, listener: str) -> None:
        self.is_oauth = listener in ("oauth", "mra")
        """Takes a bearer token."""


ROLES = {
    "sip-udp": PeerRole.PLAIN,
    "sip-tcp": PeerRole.PLAIN,
    "sips": PeerRole.SECURE,
    "oauth": PeerRole.PHONE_OAUTH,
    "mra": PeerRole.MRA_OAUTH,
}
"""Listener name -> role."""


@dataclass(slots=True, kw_only=True, eq=False)
class Peer:
    """One flow as the decision sees it. The last four fields are the connection's memory: decisions read them,
    only `Registrar.commit` writes them."""

    role: PeerRole
    flow: FlowId
    transport: Transport
    source: Address
    certificate: PeerIdentity | None = None
    """The verified client certificate, if one was presented."""
    trust: TrustVerdict | None = None
    """The Expressway-C table's verdict; on the MRA port only."""
    device: str | None = None
    """The device this connection registered. Never set where connections are shared (MRA)."""
    proven: bool = False
    """A token was accepted for `device` on this connection."""
    token: str | None = field(default=None, repr=False)
    """The text of the last token accepted for `device`, as the validator keeps it: what it recognises it by."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Challenges given for refused tokens, by Call-ID; the oldest are forgotten beyond 1024."""

    @classmethod
    def of(cls, flow: FlowId, facts: FlowFacts) -> Peer:
        """Read a new flow's facts. Raises KeyError for a flow that none of the node's listeners accepted."""
        return cls(
            role=ROLES[facts.listener or ""],
            flow=flow,
            transport=facts.transport,
            source=facts.remote,
            certificate=facts.tls.peer if facts.tls else None,
        )

    def count_refusal(self, call_id: str) -> None:
        """Count a challenge given for a refused token within `call_id`."""
        self.refusals[call_id] = self.refusals.pop(call_id, 0) + 1
        if len(self.refusals) > _REMEMBERED_CALLS:
            del self.refusals[next(iter(self.refusals))]
