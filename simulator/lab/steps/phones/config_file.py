"""The verb `config_file`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.config.faults import ServedFile
from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class ConfigFile(ValueStep[ServedFile]):
    """Serve a changed configuration file to a phone."""

    verb: ClassVar[str] = "config_file"

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", self.root.phone)]

    async def do(self, run: ScenarioRun) -> None:
        run.site.faults.serve_file(self.root)
