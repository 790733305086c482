"""An Expressway's pages of the control API: who is blocked, and how an administrator lifts the block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from simulator.core.instant import Instant
from simulator.expressway.core.mra_https.paths import encode
from simulator.lab.config.defaults import with_ports
from simulator.lab.config.expressways import ExpresswayConfig
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.control import ControlServer
from simulator.lab.control.up import endpoints_of
from simulator.lab.run.live import Lab, open_lab

BLOCKED = "/expressways/expc/blocked"


@dataclass
class Pages:
    session: aiohttp.ClientSession
    lab: Lab

    async def ask(self, method: str, path: str) -> tuple[int, Any]:
        async with self.session.request(method, path) as answer:
            return answer.status, await answer.json()

    async def send_expired_tokens(self, count: int) -> list[int]:
        """What a client with an expired token is answered at 8443, each time over a new connection."""
        site = self.lab.site
        now = Instant(site.clock.now())
        token = site.mint.token("alice", now, lifetime=3600, mutation="expired").text
        at = site.addresses.edge_of("expc")
        assert at is not None
        port = site.addresses.port_bound("expc", "https")
        url = f"https://{at.host}:{port}/{encode('lab.example')}/get_edge_config"
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        statuses = []
        for _ in range(count):
            async with self.session.get(url, headers=headers, ssl=False) as answer:
                statuses.append(answer.status)
        return statuses


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    config = LabConfig(
        nodes=[NodeConfig(name="ucm-pub", host="127.0.0.1")],
        expressways=[ExpresswayConfig()],
        phones=[PhoneConfig(deployment="mra")],
    )
    async with open_lab(with_ports(config, 0), virtual_ports=False, keep=1000) as lab:
        control = ControlServer(lab, lambda: endpoints_of(lab))
        address = await control.start("127.0.0.1", 0)
        async with aiohttp.ClientSession(f"http://{address}") as session:
            yield Pages(session, lab)
        await control.stop()


async def test_a_blocked_source_is_shown_and_an_administrator_lets_it_in_again(pages: Pages) -> None:
    assert await pages.ask("GET", BLOCKED) == (200, [])
    assert await pages.send_expired_tokens(6) == [401] * 6
    status, (row,) = await pages.ask("GET", BLOCKED)
    assert (status, row["source"]) == (200, "127.0.0.1")
    assert 0 < row["seconds_left"] <= 600
    with pytest.raises(aiohttp.ClientError):
        await pages.send_expired_tokens(1)

    lifted = await pages.ask("DELETE", f"{BLOCKED}/127.0.0.1")
    assert lifted == (200, {"succeeded": True, "text": "127.0.0.1 is no longer blocked"})
    assert await pages.ask("GET", BLOCKED) == (200, [])
    assert await pages.send_expired_tokens(1) == [401]


async def test_an_address_that_is_not_blocked_cannot_be_unblocked(pages: Pages) -> None:
    refused = await pages.ask("DELETE", f"{BLOCKED}/192.0.2.9")
    assert refused == (404, {"error": "192.0.2.9 is not blocked by expc"})


async def test_an_expressway_that_is_not_there_has_no_pages(pages: Pages) -> None:
    status, answer = await pages.ask("GET", "/expressways/expc9/blocked")
    assert (status, answer["error"]) == (404, "no Expressway 'expc9' in this lab (expc)")
