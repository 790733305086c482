"""The ports of one UCM node, and the rules an administrator's entry must keep.

The two OAuth ports must lie in 1024-49151 and all ports of a node must differ [documented: device-config 1.12,
sip-wire 1]. 0 asks for any free port: a lab's convenience, no UCM value.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

OAUTH_PORT_RANGE = range(1024, 49152)


class PortError(ValueError):
    """A port that UCM's administration would refuse; the text names the port's field and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePorts:
    """What is configured under System > Cisco Unified CM (and the TFTP service's HTTP port)."""

    sip: int = 5060
    """SIP phone port, TCP and UDP (`sipPort`)."""
    sips: int = 5061
    """SIP phone secure port, mutual TLS (`securedSipPort`)."""
    oauth: int = 5090
    """SIP Phone OAuth Port, TLS (`sipOAuthPort`; AXL `sipOAuthPort`)."""
    mra: int = 5091
    """SIP Mobile and Remote Access Port, mutual TLS (`sipMRAOAuthPort`; AXL says `sipOAuthMRAPort`)."""
    config: int = 6970
    """The configuration file server, HTTP."""
    bound: bool = False
    """True: what a driver really bound where 0 was configured; the administrator's range does not apply."""

    def __post_init__(self) -> None:
        seen: dict[int, str] = {}
        for field in fields(self):
            if field.name == "bound":
                continue
            port = getattr(self, field.name)
            if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
                raise PortError(f"{field.name} port {port!r} is not a port number (0-65535)")
            if port == 0:
                continue
            if field.name in ("oauth", "mra") and port not in OAUTH_PORT_RANGE and not self.bound:
                raise PortError(f"{field.name} port {port} is outside 1024-49151, the range UCM accepts for it")
            if port in seen:
                raise PortError(f"{field.name} port {port} is already the node's {seen[port]} port")
            seen[port] = field.name
