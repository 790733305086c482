"""A lab that is built and runs on no network: what its parts do by themselves."""

from __future__ import annotations

import time
from base64 import b64encode
from functools import cache
from pathlib import Path

from simulator.core.actor.flow import Actor
from simulator.core.events import Event
from simulator.core.http.message import HttpRequest, HttpResponse
from simulator.core.instant import Instant, ManualClock
from simulator.lab.config.lab import LabConfig
from simulator.lab.site.environment.address_plan import Addressing
from simulator.lab.site.environment.context import LabContext
from simulator.lab.site.environment.pki import Pki
from simulator.lab.site.site import build_site

NOW = Instant(1_800_000_000.0)


@cache
def pki() -> Pki:
    """Certificates of this process, which cost more than the rest of a lab."""
    return Pki(now=Instant(time.time()))


class Built:
    """A built lab, with what it asked of its network."""

    def __init__(
        self,
        config: LabConfig,
        *,
        addressing: Addressing,
        virtual: bool,
        state: Path | None,
        any_port: frozenset[str],
    ) -> None:
        self.ran: list[Actor] = []
        """Actors that the network was asked to run."""
        self.orders = 0
        """How often it was told that a service is to start or stop."""
        self.site = build_site(
            context(config, addressing=addressing, virtual=virtual),
            run=self.ran.append,
            ordered=self._ordered,
            state=state,
            any_port=any_port,
        )

    def _ordered(self) -> None:
        self.orders += 1

    def events(self, kind: type[Event]) -> list[Event]:
        return [record.event for record in self.site.log.records() if isinstance(record.event, kind)]

    def axl(self, body: str) -> HttpResponse:
        """The publisher's answer to an administrator's call."""
        administrator = self.site.config.administrators[0]
        basic = b64encode(f"{administrator.name}:{administrator.password}".encode()).decode()
        headers = (("Authorization", f"Basic {basic}"), ("Content-Type", "text/xml"))
        request = HttpRequest(method="POST", path="/axl/", headers=headers, body=body.encode())
        return self.site.ucm.tomcats["ucm-pub"].handle(request, NOW)


def context(config: LabConfig, *, addressing: Addressing = "documentation", virtual: bool = True) -> LabContext:
    return LabContext.create(
        config,
        clock=ManualClock(NOW),
        real_now=Instant(time.time()),
        addressing=addressing,
        pki=pki().for_next_lab(),
        virtual=virtual,
    )


def built(
    config: LabConfig,
    *,
    state: Path | None = None,
    addressing: Addressing = "documentation",
    virtual: bool = True,
    any_port: frozenset[str] = frozenset(),
) -> Built:
    return Built(config, addressing=addressing, virtual=virtual, state=state, any_port=any_port)
