"""When a registration's timers fire."""

from __future__ import annotations

import pytest

from simulator.core.instant import Instant
from softphone.core.registration.timers import Timers, refresh_at
from softphone.core.registration.transitions import Input

NOW = Instant(1000.0)


@pytest.mark.parametrize(
    ("granted", "early", "after"),
    [(120, 5, 115), (120, 60, 60), (120, 90, 60), (3600, 5, 3595), (8, 5, 4), (1, 5, 0.5)],
    ids=[
        "timerRegisterDelta before the end",
        "at half of the time",
        "never before half of the time",
        "an hour",
        "a short registration at its half",
        "the shortest",
    ],
)
def test_a_registration_is_refreshed(granted: int, early: int, after: float) -> None:
    assert refresh_at(NOW, granted, early) == NOW + after


def test_timers_fire_in_the_order_of_their_time_and_once() -> None:
    timers = Timers()
    timers.arm(Input.TOKEN_DUE, Instant(NOW + 2))
    timers.arm(Input.REFRESH_DUE, Instant(NOW + 1))
    assert timers.next_timeout() == NOW + 1
    assert timers.take_due(NOW) is None
    later = Instant(NOW + 3)
    assert [timers.take_due(later) for _ in range(3)] == [Input.REFRESH_DUE, Input.TOKEN_DUE, None]
    assert timers.next_timeout() is None


def test_a_timer_that_is_set_again_or_stopped_does_not_fire_at_its_first_time() -> None:
    timers = Timers()
    timers.arm(Input.REFRESH_DUE, Instant(NOW + 1))
    timers.arm(Input.REFRESH_DUE, Instant(NOW + 5))
    timers.arm(Input.EDGE_SILENT, Instant(NOW + 1))
    assert timers.runs(Input.EDGE_SILENT, Input.EDGE_CHECK_DUE)
    timers.disarm(Input.EDGE_SILENT, Input.TOKEN_DUE)
    assert not timers.runs(Input.EDGE_SILENT)
    assert timers.take_due(Instant(NOW + 4)) is None
    timers.disarm_all()
    assert timers.take_due(Instant(NOW + 9)) is None
