"""What the CallManager service of one node read when it started (architecture 5).

Ports, SIP OAuth mode, certificates, trust stores and token keys are in here; devices, profiles, users and the
Expressway-C table are not: they apply live. "Changed, but not restarted" is therefore nothing special.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from registrar.core.cluster.ports import NodePorts
from registrar.core.tokens import ValidationKeys
from simulator.core.tls.settings import Credential, TlsVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSnapshot:
    """What one node's CallManager loaded when it started."""

    name: str
    """The node's name, e.g. ucm-pub: its ActorId, and the agent of its Warnings."""
    host: str
    """processNodeName: what clients and certificates call it."""
    ports: NodePorts
    sip_oauth_mode: bool
    tomcat: Credential
    """Presented on the two OAuth ports. [documented: sip-wire 0.2]"""
    tomcat_trust: tuple[bytes, ...]
    """CAs (PEM) that may have signed Expressway-C's certificate."""
    callmanager: Credential
    """Presented on the secure SIP port."""
    phone_trust: tuple[bytes, ...]
    """CAs (PEM) that may have signed a phone's certificate: CallManager-trust and the node's CAPF."""
    keys: ValidationKeys = field(repr=False)
    tls_minimum: TlsVersion = "1.2"
    tls_maximum: TlsVersion = "1.2"
    """SIP listeners are only known to speak 1.2. [assumed: sip-wire Q10]"""
