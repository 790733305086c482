"""The verb `oauth_mode`."""

from __future__ import annotations

from typing import ClassVar

from simulator.lab.steps.scenario_run import ScenarioRun
from simulator.lab.steps.step import ValueStep


class OAuthMode(ValueStep[bool]):
    """Enable or disable SIP OAuth mode, as `utils sipOAuth-mode` does."""

    verb: ClassVar[str] = "oauth_mode"

    async def do(self, run: ScenarioRun) -> None:
        run.site.administration.set_oauth_mode(self.root)
