"""The verb `stop`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import Reference, ValueStep


class Stop(ValueStep[str | list[str]]):
    """Unregister and stop these phones."""

    verb: ClassVar[str] = "stop"

    @property
    def devices(self) -> list[str]:
        return [self.root] if isinstance(self.root, str) else self.root

    def references(self) -> Iterable[Reference]:
        return [Reference("phone", device) for device in self.devices]

    async def do(self, run: ScenarioRun) -> None:
        for device in self.devices:
            phone = run.site.phones.get(device)
            phone.stop(run.now)
            run.driver.run(phone)
        await run.driver.until_idle()
