"""Nodes whose clocks are wrong, and nodes that hang: what goes by the clock and what does not."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime

import pytest

from registrar.core.register.policy import RegistrarPolicy
from simulator.core.events import BindingChanged, OAuthGranted, RegistrarAccepted, SipSent
from simulator.core.instant import Instant
from simulator.lab.config.lab import LabConfig
from simulator.lab.config.nodes import NodeConfig
from simulator.lab.config.phones import PhoneConfig
from simulator.lab.run.world import World, run_now


def world(clock: float, *, sign_in: bool = False) -> World:
    """One node with such a clock, one phone that has started."""
    config = LabConfig(nodes=[NodeConfig(clock=clock)], phones=[PhoneConfig(sign_in=sign_in)])
    running = World(config, real_now=Instant(time.time()))
    phone = running.site.phones.get("CSFALICE")
    phone.start(running.site.clock.now())
    running.run(phone)
    run_now(running.until_idle())
    return running


def dates(running: World) -> list[float]:
    """How far the Date of each response of the node is from the true time."""
    found = []
    for record in running.site.log.records():
        if record.actor == "ucm-pub" and isinstance(record.event, SipSent):
            (date,) = re.findall(r"(?m)^Date: (.*?)\r?$", record.event.text)
            found.append(parsedate_to_datetime(date).timestamp() - record.at)
    return found


@pytest.mark.parametrize("ahead", [-600.0, 0.0, 86_400.0])
def test_the_date_of_a_response_is_the_nodes(ahead: float) -> None:
    found = dates(world(ahead))
    assert len(found) > 1
    assert all(abs(error - ahead) < 1.1 for error in found)


def test_a_date_follows_a_clock_that_jumps() -> None:
    running = world(0.0)
    running.site.faults.set_clock("ucm-pub", -3600)
    run_now(running.advance(120))
    assert abs(dates(running)[-1] + 3600) < 1.1


@pytest.mark.parametrize("ahead", [-600.0, 600.0])
def test_who_issues_and_judges_by_the_same_wrong_clock_notices_nothing(ahead: float) -> None:
    running = world(ahead, sign_in=True)
    assert any(isinstance(record.event, OAuthGranted) for record in running.site.log.records())
    assert running.site.phones.bound_at("CSFALICE") == "ucm-pub"


def test_the_age_of_a_token_is_told_by_the_clock_that_judged_it() -> None:
    running = world(0.0)
    running.site.faults.set_clock("ucm-pub", 600)
    run_now(running.advance(120))
    accepted = [r.event for r in running.site.log.records() if isinstance(r.event, RegistrarAccepted)]
    assert accepted[0].token_age == 0
    assert accepted[-1].token_age is not None
    assert accepted[-1].token_age > 600


def test_timers_do_not_go_by_the_clock() -> None:
    running = world(0.0)
    running.site.faults.set_clock("ucm-pub", 86_400)
    run_now(running.advance(60))
    ended = [r for r in running.site.log.records() if isinstance(r.event, BindingChanged) and r.event.cause]
    assert not ended
    assert running.site.phones.bound_at("CSFALICE") == "ucm-pub"


def test_a_node_that_hangs_keeps_its_registrations_until_they_end() -> None:
    running = world(0.0)
    running.site.faults.hang("ucm-pub")
    run_now(running.advance(119))
    assert running.site.phones.bound_at("CSFALICE") == "ucm-pub"
    run_now(running.advance(60))
    assert running.site.phones.bound_at("CSFALICE") is None
    running.site.faults.hang("ucm-pub", False)
    run_now(running.advance(300))
    assert running.site.phones.bound_at("CSFALICE") == "ucm-pub"


def test_a_clock_is_wrong_by_ten_years_at_most() -> None:
    with pytest.raises(ValueError, match="clock_error"):
        RegistrarPolicy(clock_error=1e12)
