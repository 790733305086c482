"""The verb `table_row`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import MappingStep


class TableRow(MappingStep):
    """Set or remove a row of UCM's Expressway-C table; takes effect at once."""

    verb: ClassVar[str] = "table_row"

    host: str
    names: str | None = Field(None, description="X.509 names; None removes the row")

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.set_table_row(self.host, self.names)
