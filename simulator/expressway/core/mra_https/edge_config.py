"""The edge configuration: what a remote client is told of its way in. [skeleton observed: device-config 4.8]"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from simulator.core.actor.flow import Address
from simulator.expressway.core.admin.discovery import FoundNode
from simulator.expressway.core.sip.headers import host_of

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def route_of(sip: Address) -> str:
    """Return the Route that a client preloads. [observed; zone-id 3 is that trace's]"""
    return f"<sip:{host_of(sip)}:{sip.port};transport=tls;zone-id=3;directed;lr>"


def edge_config(
    nodes: Iterable[FoundNode],
    *,
    edge: str,
    sip: int,
    route: Address,
    https: int,
    services: Iterable[str],
) -> bytes:
    """Return the document of get_edge_config.

    `edge`: the host name clients use, `sip` and `https` its ports; `services`: the service_names they asked
    for. `route`: the SIP address that clients preload, the Expressway-C's where there is one.
    """
    found = tuple(nodes)
    asked = "".join(_service(name, found) for name in dict.fromkeys(services))
    tftp = "".join(f"<address>{escape(node.host)}</address>" for node in found)
    here = f"<address>{escape(edge)}</address>"
    uds = "".join(
        f"<server><address>{escape(node.host)}</address><tlsPort>{node.https}</tlsPort></server>"
        for node in found
    )
    return (
        f'{_HEAD}<getEdgeConfigResponse version="1.0"><serviceConfig>{asked}'
        f"<service><name>tftpServer</name>{tftp}</service></serviceConfig><edgeConfig>"
        f"<sipEdgeServer><server>{here}<tlsPort>{sip}</tlsPort></server></sipEdgeServer>"
        f"<sipRequest><route>{escape(route_of(route))}</route></sipRequest>"
        f"<xmppEdgeServer><server>{here}<tlsPort>5222</tlsPort></server></xmppEdgeServer>"
        f"<httpEdgeServer><server>{here}<tlsPort>{https}</tlsPort></server></httpEdgeServer>"
        f"<turnEdgeServer/><userUdsServer>{uds}</userUdsServer></edgeConfig></getEdgeConfigResponse>"
    ).encode()


def _service(name: str, nodes: tuple[FoundNode, ...]) -> str:
    if name != "_cisco-uds":
        return f"<service><name>{escape(name)}</name><error>NameError</error></service>"
    servers = "".join(
        f"<server><priority>1</priority><weight>1</weight><port>{node.https}</port>"
        f"<address>{escape(node.host)}</address></server>"
        for node in nodes
    )
    return f"<service><name>{name}</name>{servers}</service>"


def sso_config(*, by_token: bool) -> bytes:
    """Return the document of get_edge_sso: does the edge take tokens? Its form is UCM's own. [assumed]"""
    on = "true" if by_token else "false"
    return (
        f'{_HEAD}<SSOResult version="1.0"><Response><SingleSignOn><Status enabled="false"/>'
        f'<Token enabled="{on}"/></SingleSignOn></Response></SSOResult>'
    ).encode()
