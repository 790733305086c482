"""What a node of a live lab serves beside its SIP listeners: configuration files, 8443, the platform CLI."""

from __future__ import annotations

from registrar.aio.tftp import config_server
from simulator.aio.http_server import HttpServer
from simulator.core.actor.flow import Address
from simulator.core.actor.tap import Tap
from simulator.lab.run.bound_ports import BoundPorts
from simulator.lab.run.file_https import FileDoors
from simulator.lab.run.node_https import NodeDoors
from simulator.lab.site.site import Site

DoorPorts = dict[str, tuple[int, int]]
"""Node -> ports of its 8443 and 2222 of before."""


class NodeServers:
    """Of all nodes of a lab, for one life of its site."""

    def __init__(
        self,
        site: Site,
        ports: BoundPorts,
        *,
        host: str,
        virtual: bool,
        doors: bool,
        kept_doors: DoorPorts,
        keylog: str | None,
        tap: Tap | None,
    ) -> None:
        """`doors`: 8443 and 2222 are for clients from outside. `virtual`: as in `BoundPorts`."""
        self._site, self._ports = site, ports
        self._host, self._virtual, self._with_doors = host, virtual, doors
        self._kept_doors, self._keylog, self._tap = kept_doors, keylog, tap
        self._config: dict[str, HttpServer] = {}
        self._files: dict[str, FileDoors] = {}
        self._doors: dict[str, NodeDoors] = {}

    # --- configuration files --------------------------------------------------------------------------------

    async def open_config(self, name: str) -> None:
        port = self._site.cluster.node(name).ports.config
        kept = self._ports.kept(name, "config")
        try:
            server = self._config_server(name, kept if self._virtual or not port else port)
            bound = await server.start()
        except OSError:
            if not kept:
                raise
            server = self._config_server(name, 0)
            bound = await server.start()
        self._config[name] = server
        if self._virtual:
            self._map(name, port, bound)
        else:
            self._site.bound(name, {"config": bound})
            if not port:
                self._ports.keep(name, {"config": bound})
        if self._with_doors or self._virtual:
            await self._open_files(name)

    async def close_config(self, name: str) -> None:
        if name in self._files:
            await self._files.pop(name).close()
        await self._config.pop(name).stop()

    async def close_all_config(self) -> None:
        for server in self._config.values():
            await server.stop()
        self._config.clear()
        for files in self._files.values():
            await files.close()
        self._files.clear()

    async def _open_files(self, name: str) -> None:
        """The same over TLS."""
        files = FileDoors(
            self._site,
            name,
            host=self._host,
            virtual=self._virtual,
            keylog=self._keylog,
            tap=self._tap,
        )
        self._files[name] = files
        bound = await files.open()
        if self._virtual:
            for listener, port in self._site.file_ports(name).items():
                self._map(name, port, bound[listener])
        else:
            self._site.bound(name, bound)

    def _config_server(self, name: str, port: int) -> HttpServer:
        return config_server(self._site.config_services[name], self._site.clock, host=self._host, port=port)

    # --- 8443 and 2222 --------------------------------------------------------------------------------------

    async def open_doors(self) -> None:
        """8443 and 2222 of each node."""
        for node in self._site.cluster.nodes:
            doors = NodeDoors(
                self._site,
                node.name,
                host=self._host,
                keylog=self._keylog,
                tap=self._tap,
                kept=self._kept_doors.get(node.name, (0, 0)),
            )
            self._doors[node.name] = doors
            await doors.open_tomcat()
            await doors.open_cli()
            self._kept_doors[node.name] = doors.ports

    async def open_tomcats(self) -> None:
        """For the Expressways and phones of a scenario: 8443 of each node, at a free port."""
        for node in self._site.cluster.nodes:

            def behind(documented: Address, bound: Address, name: str = node.name) -> None:
                self._map(name, documented.port, bound)

            doors = NodeDoors(
                self._site,
                node.name,
                host=self._host,
                keylog=self._keylog,
                tap=self._tap,
                shown=self._ports.shown,
                behind=behind,
            )
            self._doors[node.name] = doors
            await doors.open_tomcat()

    async def open_tomcat(self, name: str) -> None:
        if name in self._doors:
            await self._doors[name].open_tomcat()

    async def close_tomcat(self, name: str) -> None:
        if name in self._doors:
            await self._doors[name].close_tomcat()

    async def close_doors(self) -> None:
        for doors in self._doors.values():
            await doors.close()
        self._doors.clear()

    def run(self) -> None:
        """After the clock was moved."""
        for doors in self._doors.values():
            doors.run()

    def _map(self, name: str, port: int, bound: Address) -> None:
        self._ports.map(self._site.places.hosts_of(name), port, bound)
