"""Many phones of one lab, and time that passes at once: nobody loses a registration."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from simulator.core.events import BindingChanged, PhoneRegistered
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.run.live import open_lab
from simulator.lab.run.world import World
from simulator.lab.steps.driver import ScenarioDriver

PHONES = 60
CONFIG = LabConfig.model_validate(
    {
        "nodes": [{"name": "ucm-pub"}, {"name": "ucm-sub"}],
        "phones": [
            {"device": f"CSF{number:03}", "user": f"u{number}", "dn": f"1{number:03}", "profile": "oauth"}
            for number in range(PHONES)
        ],
    }
)


async def live_through_four_minutes(driver: ScenarioDriver) -> None:
    """Start every phone, and check after each of four minutes that all are registered, and none anew."""
    site = driver.site
    devices = [phone.device for phone in CONFIG.phones]
    for device in devices:
        phone = site.phones.get(device)
        phone.start(site.clock.now())
        driver.run(phone)
    await driver.until_idle()
    for minute in range(5):
        assert [site.phones.bound_at(device) for device in devices] == ["ucm-pub"] * PHONES, minute
        assert [site.phones.believed_at(device) for device in devices] == ["ucm-pub"] * PHONES, minute
        if minute < 4:
            await driver.advance(60)
    registered = Counter(event.refreshed for event in site.log.of(PhoneRegistered))
    assert registered[False] == PHONES, "once each"
    assert registered[True] >= PHONES, "and refreshed"
    assert not {"expired", "lost", "replaced"} & {event.what for event in site.log.of(BindingChanged)}


@pytest.mark.parametrize("driver", ["lab", "world"])
async def test_phones_on_two_nodes_stay_registered_while_time_passes(driver: str) -> None:
    if driver == "lab":
        async with open_lab(CONFIG, virtual_ports=True) as lab:
            await live_through_four_minutes(lab)
        return
    world = World(CONFIG, real_now=Instant(time.time()))
    try:
        await live_through_four_minutes(world)
    finally:
        world.shut_down()
