"""The answers an Expressway-C gives itself, with the Warning that tells them from UCM's."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.core.sip.bearer import Dialect


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final answer of the Expressway's own."""

    status: int
    warning: str
    """Text of `Warning: 399 <our ip:port> "..."`. [form observed: sip-wire 6]"""
    extra: tuple[tuple[str, str], ...] = ()


# [observed text; RFC 3261 16.8]
TIMED_OUT = Refusal(408, "Request Timeout")
# Expressway-C X8.7 answers 408 at once when the next hop's TCP connection is refused [observed: sip-wire S9].
# That a refused TLS handshake and a lost connection end likewise is assumed.
UNREACHABLE = Refusal(408, "Request Timeout")
# What RFC 3261 16.9 has in its place; a phone may then try its next node. For ExpresswaySettings.unreachable.
UNAVAILABLE = Refusal(503, "Service Unavailable")
# Expressway-C X8.10 to an INVITE that no search rule takes further [observed]; to a REGISTER assumed.
NO_ROUTE = Refusal(404, "Policy Response")
# RFC 3261 16.5 and 16.3; the Warning texts are assumed.
NO_PHONE = Refusal(480, "Temporarily Unavailable")
LOOP = Refusal(482, "Loop Detected")
TOO_MANY_HOPS = Refusal(483, "Too Many Hops")
OVERLOAD = Refusal(503, "Service Unavailable")
TOO_FAST = Refusal(503, "Rate limit exceeded", (("Retry-After", "10"),))


def challenge(dialect: Dialect, warning: str, error: str | None = None) -> Refusal:
    """Return the challenge of an Expressway that asks for a (better) token itself. [assumed: sip-wire 8.3]"""
    status = dialect.challenge_status
    return Refusal(status, warning, (dialect.challenge(error),))


def bad_extension(required: tuple[str, ...]) -> Refusal:
    """Return the answer to a Proxy-Require: this proxy knows no option tag (RFC 3261 16.3.5)."""
    return Refusal(420, "Bad Extension", (("Unsupported", ", ".join(required)),))
