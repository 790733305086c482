"""Settings of an Expressway: switches, names on the wire, waiting times, bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.core.sip.bearer import UCM, Dialect
from simulator.core.tls.settings import TlsVersion
from simulator.expressway.core.refusals import UNREACHABLE, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressZone:
    """The zone by which a request came in, as it is written on the previous hop's Via."""

    name: str
    number: int | None = None


TRAVERSAL = IngressZone(name="TraversalZone", number=1)
"""The zone of requests over the traversal connection, at both ends. [form observed: sip-wire 8.2, T12]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpresswaySettings:
    """Of an Expressway-C, an Expressway-E or a whole pair; the defaults are those of a new one."""

    ingress: IngressZone = IngressZone(name="CollaborationEdgeZone")
    """[observed: sip-wire 8.2]"""
    server: str = "TANDBERG/4137 (X14.0)"
    """Server header of our own answers. [form observed, `TANDBERG/4135 (X8.10.2)`; value assumed]"""
    hop_count: int = 15
    """Max-Forwards leaves no higher than this. [observed]"""
    unreachable: Refusal = UNREACHABLE
    """What a request gets whose zone is down; `refusals.UNAVAILABLE` is the RFC's choice."""
    check_tokens: bool = True
    """Refuse a token that the fetched keys do not open, or that has expired; UCM judges the others.
    [that it decrypts tokens is documented, that it refuses a REGISTER for one is assumed: sip-wire 8.1]"""
    edge_challenges: bool = False
    """Challenge a REGISTER without a token here; otherwise UCM's 407 is relayed. [assumed: sip-wire 8.3]"""
    dialect: Dialect = UCM
    """Of the challenges that the Expressway sends itself."""
    rate: float | None = None
    """Requests a second that one source may send; None: any number."""
    path_mode: bool = False
    """The switch "SIP Path headers"."""
    authorize_by_token: bool = True
    """The switch "Authorize by OAuth token with refresh", until an administrator turns it."""
    backoff: float = 5.0
    """Seconds after a failed zone connection in which no other is tried. [assumed]"""
    minimum: TlsVersion = "1.2"
    maximum: TlsVersion = "1.3"
    """TLS versions of both sides."""
    crls: tuple[bytes, ...] = ()
    """Revocation lists (PEM) for the nodes' certificates; empty: revocation is not checked. [documented:
    Certificate revocation checking mode]"""
    keep_alive: float | None = 30.0
    """Seconds between STUN bindings on a zone's connection [documented: administration 0.4]; None: none."""
    keep_alive_patience: float = 3.0
    """Seconds for their answer. [documented for the client's: device-config 4.9; here assumed]"""
    message_patience: float | None = 60.0
    """Seconds that one message may take on a stream, and a phone to begin its first, before the connection is
    closed; None: any time. [assumed]"""
    flows: int = 50_000
    """Phones' connections at one time."""
    pending: int = 50_000
    """Unanswered requests at one time."""
    pending_per_flow: int = 64
    contacts_per_flow: int = 64

    def behind_traversal(self) -> ExpresswaySettings:
        """Return these settings for an Expressway-C behind an Expressway-E: every phone comes over one flow."""
        return replace(
            self,
            ingress=TRAVERSAL,
            rate=None,
            pending_per_flow=self.pending,
            contacts_per_flow=self.flows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the actor holds at this moment."""

    phones: int
    """Connections at the edge."""
    pending: int
    """Requests waiting for an answer."""
    contacts: int
    """Registered contacts that UCM's requests can reach."""
