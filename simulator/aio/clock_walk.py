"""Moving a lab's clock ahead from deadline to deadline, with the clock standing still while actors work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from simulator.aio.actor_runner import ActorRunner
from simulator.aio.clock import ShiftClock
from simulator.core.actor.deadlines import DeadlineQueue
from simulator.core.instant import Instant

_MOST_REPEATS = 100


class ClockWalk:
    """One move of the clock. Runners take part from `add` until the end of `run`."""

    def __init__(self, clock: ShiftClock, until_idle: Callable[[], Awaitable[None]]) -> None:
        self._clock, self._until_idle = clock, until_idle
        self._deadlines = DeadlineQueue[ActorRunner]()
        self._runners: list[ActorRunner] = []

    def add(self, runner: ActorRunner) -> None:
        """Wake this actor on the way instead of by a timer of the loop."""
        self._runners.append(runner)
        runner.hold(self._deadlines)

    async def run(self, runners: Iterable[ActorRunner], seconds: float) -> None:
        """Wake each actor at its deadlines, earliest first; let traffic come to rest after each.

        The clock stands still in between: real time that passes on a slow machine is none of the lab's.
        Raises RuntimeError if an actor's `handle_timeout` does not clear its deadline.
        """
        self._clock.stop()
        target = Instant(self._clock.now() + seconds)
        for runner in runners:
            self.add(runner)
        try:
            await self._until_idle()
            await self._walk(target)
            self._clock.advance_to(target)
        finally:
            self._clock.start()
            for runner in self._runners:
                runner.rearm()

    async def _walk(self, target: Instant) -> None:
        before, repeats = None, 0
        while (first := self._deadlines.first()) is not None and first[0] <= target:
            deadline, runner = first
            repeats = repeats + 1 if first == before else 0
            before = first
            if repeats > _MOST_REPEATS:
                raise RuntimeError(
                    f"actor {runner.name}: handle_timeout does not clear its deadline {deadline}"
                )
            self._clock.advance_to(Instant(deadline))
            runner.handle_timeout(self._clock.now())
            await self._until_idle()
