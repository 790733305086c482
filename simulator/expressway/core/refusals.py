"""The answers an Expressway-C gives itself, with the Warning that tells them from UCM's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    status: int
    warning: str
    """Text of `Warning: 399 <our ip:port> "..."` (form observed: sip-wire 6)."""
    mark: str
    """Evidence for this answer: documented, observed or assumed."""
    extra: tuple[tuple[str, str], ...] = ()


TIMED_OUT = Refusal(status=408, warning="Request Timeout", mark="observed text, RFC 3261 16.8")
# Expressway-C X8.7 answers 408 at once when the next hop's TCP connection is refused [observed: sip-wire S9];
# RFC 3261 16.9 would have 503. That a refused TLS handshake and a lost connection end likewise is assumed.
UNREACHABLE = Refusal(status=408, warning="Request Timeout", mark="observed for TCP, assumed for TLS")
# Expressway-C X8.10 to a request that no search rule takes further. [observed: published INVITE trace]
NO_ROUTE = Refusal(status=404, warning="Policy Response", mark="observed for INVITE, assumed for REGISTER")
NO_PHONE = Refusal(status=480, warning="Temporarily Unavailable", mark="assumed, RFC 3261 16.5")
LOOP = Refusal(status=482, warning="Loop Detected", mark="assumed, RFC 3261 16.3")
TOO_MANY_HOPS = Refusal(status=483, warning="Too Many Hops", mark="assumed, RFC 3261 16.3")
OVERLOAD = Refusal(status=503, warning="Service Unavailable", mark="assumed")


def bad_extension(required: tuple[str, ...]) -> Refusal:
    """To a Proxy-Require: no option tag is known to this proxy (RFC 3261 16.3.5)."""
    return Refusal(
        status=420,
        warning="Bad Extension",
        mark="assumed, RFC 3261 16.3",
        extra=(("Unsupported", ", ".join(required)),),
    )
