"""What an actor must be able to do before it may ask for a URL."""

from __future__ import annotations

import pytest

from simulator.core.actor.flow import Address, FetchingActor, fetching
from simulator.core.events.log import EventLog
from simulator.core.ids import ActorId
from simulator.core.instant import ManualClock
from simulator.lab.site.environment.name_server import NameServer, Records
from tests.drivers.bench import Talker


def test_an_actor_that_takes_answers_may_fetch() -> None:
    actor = Talker("phone")
    assert isinstance(actor, FetchingActor)
    assert fetching(actor) is actor


def test_an_actor_that_takes_no_answers_may_not() -> None:
    journal = EventLog(ManualClock(0.0)).journal(ActorId("dns"))
    records = Records(zones=(), services=(), hosts={})
    actor = NameServer(Address("192.0.2.1", 53), lambda: records, journal=journal)
    with pytest.raises(TypeError, match="actor dns asks for a URL, and cannot take the answer"):
        fetching(actor)
