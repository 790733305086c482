"""What a running lab opens for administrators: each node's Tomcat on 8443 and platform CLI on 2222."""

from __future__ import annotations

from collections.abc import Callable

from registrar.aio.platform_ssh import PlatformSsh
from simulator.aio.flow_events import AddressMap
from simulator.aio.http_server import http_protocols
from simulator.aio.protocol_server import ProtocolServer
from simulator.core.actor.flow import Address, Listen
from simulator.core.actor.tap import Tap
from simulator.core.ids import ActorId
from simulator.core.tls.settings import ServerTls
from simulator.lab.site.site import Site

MAX_BODY = 2 << 20
"""Bytes of a request; AXL takes more than the usual."""


class NodeDoors:
    """Of one node. Ports of 0 are any free ones at first, and then stay what they were."""

    def __init__(
        self,
        site: Site,
        name: str,
        *,
        host: str,
        keylog: str | None,
        tap: Tap | None,
        shown: AddressMap | None = None,
        kept: tuple[int, int] = (0, 0),
        behind: Callable[[Address, Address], None] | None = None,
    ) -> None:
        """`kept`: the `ports` of the doors these take the place of.

        `behind`: Tomcat gets a free port, and this is told (documented address, bound one).
        """
        self._site, self._name, self._host = site, name, host
        self._keylog, self._tap, self._shown = keylog, tap, shown
        ports = site.node_config(name).ports
        self._https, self._ssh = ports.https or kept[0], ports.ssh or kept[1]
        self._behind = behind
        self._tomcat: ProtocolServer | None = None
        self._cli: PlatformSsh | None = None

    @property
    def ports(self) -> tuple[int, int]:
        """Of Tomcat and of the CLI."""
        return self._https, self._ssh

    async def open_tomcat(self) -> None:
        """With the certificate the store holds now. OSError if the port is taken."""
        site = self._site
        protocols = http_protocols(site.ucm.doors[self._name], site.clock, max_body=MAX_BODY)
        server = ProtocolServer(
            ActorId(self._name),
            protocols,
            log=site.log,
            flows=site.flows,
            keylog=self._keylog,
            tap=self._tap,
            shown=self._shown,
        )
        stores = site.cluster.node(self._name).stores
        tls = ServerTls(credential=stores.tomcat.credential, minimum="1.2", maximum="1.3")
        wanted = Address(self._host, 0 if self._behind else self._https)
        bound = await server.start(Listen(name="https", transport="tls", address=wanted, tls=tls))
        self._tomcat = server
        if self._behind is not None:
            documented = Address(self._host, self._https)
            self._behind(documented, bound)
            bound = documented
        self._https = bound.port
        site.bound(self._name, {"https": bound})

    async def close_tomcat(self) -> None:
        server, self._tomcat = self._tomcat, None
        if server is not None:
            await server.stop()

    async def open_cli(self) -> None:
        site = self._site
        self._cli = PlatformSsh(site.ucm.clis[self._name], site.clock, Address(self._host, self._ssh))
        bound = await self._cli.start()
        self._ssh = bound.port
        site.bound(self._name, {"ssh": bound})

    def run(self) -> None:
        """The clock was moved."""
        if self._cli is not None:
            self._cli.run()

    async def close(self) -> None:
        await self.close_tomcat()
        cli, self._cli = self._cli, None
        if cli is not None:
            await cli.stop()
