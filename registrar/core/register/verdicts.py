"""What a decision can be. A refusal is a value, not an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registrar.core.cluster.bindings import Binding, ClientIdentity
from registrar.core.cluster.directory import Device, SecurityProfile
from registrar.core.register.peer import Peer, PeerRole
from registrar.core.register.reasons import REPLIES, Reason, ReplyRule
from registrar.core.register.remotecc import NO_OPTIONS, RegisterOptions
from registrar.core.register.request import UNREAD, ParsedRegister, ResponseHeaders
from registrar.core.tokens import TokenFacts, TokenProblem
from simulator.core.instant import Instant
from simulator.core.sip import Request


class RegisterAttempt:
    """One REGISTER: what it asks for, and what the checks have found out about it so far."""

    parsed: ParsedRegister = UNREAD
    cseq: int = 0
    copied: ResponseHeaders | None = None
    """What the answer copies; None for a request that could not be read."""
    expires: int = 0
    """Seconds asked for, the policy's default included."""
    device: Device | None = None
    profile: SecurityProfile | None = None
    sent: str | None = None
    """The text of the token, if it is not the one that the connection is known by."""
    token: TokenFacts | None = None
    clock: Instant = Instant(0.0)
    """What the node's clock showed when it judged the token."""
    binding: Binding | None = None
    """The live binding of this device and line."""
    check: str = ""
    """Name of the check that objected."""

    def __init__(self, request: Request, peer: Peer, now: Instant) -> None:
        self.request = request
        self.peer = peer
        self.now = now

    @property
    def client(self) -> ClientIdentity:
        """Who sends it. Only for a REGISTER with a Contact."""
        contact, peer = self.parsed.contact, self.peer
        assert contact is not None
        return ClientIdentity(
            call_id=self.parsed.call_id,
            flow=None if peer.role is PeerRole.MRA_OAUTH else peer.flow,
            instance=contact.instance,
            contact=contact.uri,
        )


@dataclass(slots=True, kw_only=True)
class Accepted:
    """The REGISTER is answered with 200."""

    what: Literal["registered", "refreshed", "unregistered", "kept_alive", "queried"]
    attempt: RegisterAttempt
    device: Device
    expires: int
    """Seconds granted."""
    contact: str = ""
    """The Contact to answer with; empty: none."""
    ended: tuple[Binding, ...] = ()
    """The client's own bindings that end: unregistered, or replaced by this one."""
    taken_over: tuple[Binding, ...] = ()
    """Bindings of another client that end because of this one."""
    lines: tuple[str, ...] = ()
    options: RegisterOptions = NO_OPTIONS
    first_line: bool = True
    path: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Challenged:
    """The REGISTER has no usable credentials yet: 401 or 407.

    `problem` token_absent is no failure; any other is a refused token.
    """

    status: int
    header: tuple[str, str]
    problem: TokenProblem
    detail: str
    mark: str
    attempt: RegisterAttempt


@dataclass(slots=True, kw_only=True)
class Rejected:
    """The REGISTER is refused for good, with the answer that `REPLIES` has for the reason."""

    reason: Reason
    detail: str
    attempt: RegisterAttempt
    problem: TokenProblem | None = None
    """What was wrong with the token, if that is why."""
    min_expires: int | None = None
    status: int | None = None
    """Another status than the rule's: a broken request that deserves 416, 505 or 513."""

    @property
    def rule(self) -> ReplyRule:
        """How the reason is answered."""
        return REPLIES[self.reason]


Decision = Accepted | Challenged | Rejected
