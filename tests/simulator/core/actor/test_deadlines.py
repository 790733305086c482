"""The queue of deadlines, against a dictionary that is looked through from end to end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.core.actor.deadlines import DeadlineQueue

KEYS = st.sampled_from("abcdefgh")
TIMES = st.sampled_from([None, *range(5)])


class Scanned:
    """The same, written so that nobody can get it wrong."""

    def __init__(self) -> None:
        self.all: list[tuple[float, str]] = []

    def set(self, key: str, at: float | None) -> None:
        if (at, key) in self.all:
            return
        self.all = [entry for entry in self.all if entry[1] != key]
        if at is not None:
            self.all.append((at, key))

    def due(self, now: float) -> list[str]:
        return [key for at, key in sorted(self.all, key=lambda entry: entry[0]) if at <= now]


@given(st.lists(st.tuples(KEYS, TIMES), max_size=60), st.integers(-1, 5))
def test_it_tells_what_a_scan_of_all_deadlines_tells(steps: list[tuple[str, int | None]], now: int) -> None:
    queue, scanned = DeadlineQueue[str](), Scanned()
    for key, at in steps:
        queue.set(key, at)
        scanned.set(key, at)
        assert len(queue) == len(scanned.all)
        first = queue.first()
        assert (first and first[0]) == min((at for at, _ in scanned.all), default=None)
        assert queue.at(key) == at
    for _ in range(2):
        assert queue.due(now) == scanned.due(now), "in order of time, then of setting; asking changes nothing"


def test_equal_deadlines_come_in_the_order_in_which_they_were_set() -> None:
    queue = DeadlineQueue[str]()
    for key in ("c", "a", "b"):
        queue.set(key, 7.0)
    queue.set("c", 7.0)
    assert queue.due(7.0) == ["c", "a", "b"]


def test_a_deadline_that_moves_a_thousand_times_takes_the_room_of_a_few() -> None:
    queue = DeadlineQueue[str]()
    for at in range(1000):
        queue.set("phone", float(at))
    assert queue.due(2000.0) == ["phone"]
    assert len(queue._heap) < 100
