"""Delays by the lab's clock."""

from __future__ import annotations

from simulator.aio.delays import Delays
from simulator.core.instant import Instant


async def test_delays_end_in_order_and_at_their_time() -> None:
    delays = Delays()
    late, early = delays.until(Instant(20.0)), delays.until(Instant(10.0))
    assert delays.next_timeout() == 10.0
    delays.handle_timeout(Instant(10.0))
    assert (early.done(), late.done(), delays.next_timeout()) == (True, False, 20.0)
    delays.handle_timeout(Instant(25.0))
    assert (late.done(), delays.next_timeout()) == (True, None)


async def test_a_delay_that_nobody_waits_for_any_more_harms_nobody() -> None:
    delays = Delays()
    delays.until(Instant(10.0)).cancel()
    other = delays.until(Instant(10.0))
    delays.end_all()
    assert other.done()
    assert delays.next_timeout() is None
