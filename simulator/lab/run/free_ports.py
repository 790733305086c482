"""Numbers for the ports that a lab file leaves open (0), chosen before anything is built.

So the cluster database, configuration files and administrators all show what is really bound. The numbers lie
in the range UCM allows for OAuth ports, and below the one systems use for outgoing connections.
"""

from __future__ import annotations

import errno
import os
import socket

from simulator.lab.config.expressways import EDGE_PORTS
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import PortsConfig

RANGE = range(20_000, 32_768)
_ATTEMPTS = 200

Numbers = dict[tuple[str, str], int]
"""(actor, role) -> port."""


def numbered(config: LabConfig, host: str, kept: Numbers) -> LabConfig:
    """Return the lab with a port number for every 0.

    `kept`: the numbers chosen earlier, used again where they are still free; new ones are added to it.

    Raises OSError if no port is free, and if `host` is no address of this machine.
    """

    def number(actor: str, role: str) -> int:
        port = kept.get((actor, role), 0)
        taken = {other for key, other in kept.items() if key != (actor, role)}
        if not port or not _is_free(host, port):
            port = kept[actor, role] = _any(host, taken)
        return port

    nodes = [
        node.model_copy(
            update={
                "ports": PortsConfig(**{role: port or number(node.name, role) for role, port in node.ports})
            }
        )
        for node in config.nodes
    ]
    expressways = []
    for item in config.expressways:
        changed: dict[str, object] = {"port": item.port or number(item.name, "edge")}
        if (edge := item.edge) is not None:
            ports = {role: getattr(edge, role) or number(edge.name, role) for role in EDGE_PORTS}
            changed["edge"] = edge.model_copy(update=ports)
        expressways.append(item.model_copy(update=changed))
    return config.model_copy(update={"nodes": nodes, "expressways": expressways})


def _any(host: str, taken: set[int]) -> int:
    for _ in range(_ATTEMPTS):
        port = RANGE[int.from_bytes(os.urandom(4)) % len(RANGE)]
        if port not in taken and _is_free(host, port):
            return port
    raise OSError(f"no port is free on {host}")


def _is_free(host: str, port: int) -> bool:
    """For UDP and TCP at this moment. Raises OSError if that is not the port's fault."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((host, port))
            udp.bind((host, port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise OSError(error.errno, f"cannot listen on {host}: {error.strerror}") from error
            return False
    return True
