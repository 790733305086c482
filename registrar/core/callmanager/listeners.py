"""The SIP ports that a CallManager opens: 5060, 5061, 5090 and 5091, with their TLS settings."""

from __future__ import annotations

from registrar.core.cluster.snapshot import NodeSnapshot
from registrar.core.register.policy import RegistrarPolicy
from simulator.core.actor.flow import Address, Listen
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
