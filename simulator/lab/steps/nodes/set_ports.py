"""The verb `set_ports`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.model import Name
from simulator.lab.config.nodes import PortsConfig
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class SetPorts(MappingStep):
    """Give a node other ports, which it uses after a restart."""

    verb: ClassVar[str] = "set_ports"

    node: Name
    ports: PortsConfig

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.node)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.set_ports(self.node, self.ports)
