"""What the checks of a REGISTER may look at: one node's configuration, and the cluster's live tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from registrar.core.cluster.bindings import BindingStore
from registrar.core.cluster.directory import Directory
from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.policy import RegistrarPolicy
from registrar.core.register.request import RegisterReader
from registrar.core.tokens import TokenValidator
from registrar.core.tokens.claims import DEFAULT_SCOPE
from simulator.core.instant import Instant
from simulator.core.sip import RFC8898, UCM, Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterContext:
    """Everything a decision reads. Another policy makes another context (`dataclasses.replace`)."""

    snapshot: NodeSnapshot
    directory: Directory
    bindings: BindingStore
    policy: RegistrarPolicy
    tokens: TokenValidator
    reader: RegisterReader
    dialect: Dialect = field(init=False)
    """How challenges and credentials are written, by the policy."""
    first_challenge: tuple[str, str] = field(init=False)
    """The header field that asks for a token where none was sent: written once, as most challenges are this."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dialect", UCM if self.policy.dialect == "ucm" else RFC8898)
        object.__setattr__(self, "first_challenge", self.challenge(self.dialect))

    def challenge(self, dialect: Dialect, error: str | None = None) -> tuple[str, str]:
        """Return the name and the value of a challenge's header field.

        UCM's has a realm only [observed]; the RFC's must name the authorization server and should name the
        scope (RFC 8898 2.2, 4).
        """
        if dialect is UCM:
            return dialect.challenge(error)
        host = self.snapshot.host
        server = self.policy.authz_server or f"https://{f'[{host}]' if ':' in host else host}:8443/ssosp/oauth"
        return dialect.challenge(error, scope=DEFAULT_SCOPE, authz_server=server)

    def wall_clock(self, now: Instant) -> Instant:
        """Return what the node's clock shows at `now`: it may be wrong (`RegistrarPolicy.clock_error`)."""
        return Instant(now + self.policy.clock_error)
