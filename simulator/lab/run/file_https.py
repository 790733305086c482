"""A node's configuration files over TLS on sockets: 6971 for devices, 6972 for Jabber's own files."""

from __future__ import annotations

from simulator.aio.http_server import http_protocols
from simulator.aio.protocol_server import ProtocolServer
from simulator.core.actor.flow import Address, Listen
from simulator.core.actor.tap import Tap
from simulator.core.ids import ActorId
from simulator.core.tls.settings import ServerTls
from simulator.lab.site.site import Site

_MAX_BODY = 4096
"""Nobody sends this server a body."""


class FileDoors:
    """Both ports serve the same files [assumed]."""

    def __init__(
        self, site: Site, name: str, *, host: str, virtual: bool, keylog: str | None, tap: Tap | None
    ) -> None:
        """`virtual`: at free ports, whatever the site's ports are."""
        self._site, self._name, self._host, self._virtual = site, name, host, virtual
        self._keylog, self._tap = keylog, tap
        self._servers: list[ProtocolServer] = []

    async def open(self) -> dict[str, Address]:
        """Listener -> where it is bound. OSError if a port is taken."""
        site, bound = self._site, {}
        stores = site.cluster.node(self._name).stores
        tls = ServerTls(credential=stores.tomcat.credential, minimum="1.2", maximum="1.3")
        for listener, port in site.file_ports(self._name).items():
            protocols = http_protocols(site.secure_files[self._name], site.clock, max_body=_MAX_BODY)
            server = ProtocolServer(
                ActorId(self._name),
                protocols,
                log=site.log,
                flows=site.flows,
                keylog=self._keylog,
                tap=self._tap,
            )
            wanted = Address(self._host, 0 if self._virtual else port)
            self._servers.append(server)
            bound[listener] = await server.start(
                Listen(name=listener, transport="tls", address=wanted, tls=tls)
            )
        return bound

    async def close(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            await server.stop()
