"""The verb `regenerate_tomcat`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.certificates import CertificateConfig
from simulator.lab.config.model import Name
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep, Reference


class RegenerateTomcat(MappingStep):
    """Create a new Tomcat certificate; 5090 and 5091 present it after a restart."""

    verb: ClassVar[str] = "regenerate_tomcat"

    node: Name
    certificate: CertificateConfig = CertificateConfig()

    def references(self) -> Iterable[Reference]:
        return [Reference("node", self.node)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.regenerate_tomcat(self.node, self.certificate)
