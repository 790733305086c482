"""How this simulator answers where UCM's behaviour is a setting, or is not published.

Every knob says its range, its default and the evidence behind the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Literal

SIS_LEVELS = MappingProxyType(
    {
        "11.5": "8.0.0",
        "12.0": "9.0.0",
        "12.5": "9.1.0",
        "14.0": "10.0.0",
        "15.0": "10.1.0",
    }
)
"""Server version -> X-cisco-sis level of the 200's Supported. [observed; 15.0 assumed: sip-wire 3.2, Q14]"""

ServerVersion = Literal["11.5", "12.0", "12.5", "14.0", "15.0"]


class BadToken(Enum):
    """How a token that is not good is answered."""

    CHALLENGE = "407"
    """Challenge again, in the policy's dialect."""
    CHALLENGE_401 = "401"
    """The RFC's challenge, with an error parameter."""
    FORBID = "403"
    """Refuse at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarPolicy:
    """Raises ValueError for a value outside its range; the text names the knob."""

    version: ServerVersion = "12.5"
    """`Server: Cisco-CUCM<version>` and the SIS level. [observed]"""
    dialect: Literal["ucm", "rfc8898"] = "ucm"
    """How challenges and credentials are written: 407 with Proxy-Authenticate [observed], or the RFC's 401."""
    authz_server: str | None = None
    """URL in the RFC dialect's challenge; None: the node's own authorization service on 8443. [assumed]"""
    granted_expires: int = 120
    """Seconds granted at most; 30-86400. UCM uses refreshes as keep-alives. [observed: always 120]"""
    default_expires: int = 3600
    """Seconds assumed when a request names none; 30-86400. [RFC 3261 10.2.1.1 leaves it to the registrar]"""
    min_expires: int = 60
    """Below this (and not 0): 423 with Min-Expires; 1-granted_expires. [423 documented, the value assumed]"""
    max_challenges: int = 3
    """Challenges for refused tokens within one Call-ID before a 403; 1-10. [assumed: sipcc gives up after 3]"""
    bad_token: BadToken = BadToken.CHALLENGE
    """Answer to an expired or invalid token. [assumed: sip-wire Q1]"""
    challenge_refreshes: bool = True
    """False: a connection over which a token was accepted needs none for refreshes. [assumed: sip-wire Q2]"""
    check_owner: bool = True
    """The token's user must be owner or associated end user of the device. [assumed: sip-wire Q16]"""
    retry_after: int = 35
    """Seconds in Retry-After of refusals that carry one; 0-86400. [observed once: 35]"""
    trying: Literal["never", "plain", "always"] = "plain"
    """100 Trying before the final answer; `plain`: on UDP and TCP, where traces show it. [observed; the
    TLS trace shows none: sip-wire 3.2, Q7]"""
    request_client_certificate: bool = False
    """Ask for a client certificate on the phone OAuth port; who has one is refused. [assumed: sip-wire Q6]"""
    lsc_in_handshake: bool = True
    """5061: no client certificate ends the handshake; False: it is refused in SIP ("TLS authentication
    failure"). [both observed for unacceptable certificates: sip-wire R7]"""
    unknown_expressway: Literal["close", "forbid"] = "close"
    """5091, certificate not in the Expressway-C table: `close` after the handshake, or `forbid` each request
    with a 403. [documented that it fails; the form assumed: sip-wire Q11]"""
    lose_binding_with_connection: bool = False
    """True: a registration ends with its TCP or TLS connection; False: when it expires. [assumed]"""
    clock_error: float = 0.0
    """Seconds by which the node's clock is ahead, negative: behind; up to ten years. Tokens are judged and Date
    is written by it, timers are not."""
    silent: bool = False
    """True: the service hangs: connections are accepted, and nothing that arrives is answered. [simulator]"""
    message_patience: float | None = 60.0
    """Seconds one message may take on a stream before its connection is closed; None: any time. [assumed]"""
    throttled: bool = False
    """True: every REGISTER gets 503 with Retry-After, as under overload. [read in sipcc: sip-wire R12]"""

    def __post_init__(self) -> None:
        for knob, low, high in (
            ("granted_expires", 30, 86_400),
            ("default_expires", 30, 86_400),
            ("min_expires", 1, self.granted_expires),
            ("max_challenges", 1, 10),
            ("retry_after", 0, 86_400),
            ("clock_error", -316_224_000, 316_224_000),
        ):
            value = getattr(self, knob)
            if not low <= value <= high:
                raise ValueError(f"registrar policy: {knob} is {value}, allowed are {low}-{high}")
        if self.version not in SIS_LEVELS:
            raise ValueError(
                f"registrar policy: version is {self.version!r}, known are {', '.join(SIS_LEVELS)}"
            )

    @property
    def sis_level(self) -> str:
        """The X-cisco-sis level of the version."""
        return SIS_LEVELS[self.version]
