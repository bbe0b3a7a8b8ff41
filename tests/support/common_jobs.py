"""Jobs for the lane that do as a test tells them, and a lane with metrics that can be read."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar

from prometheus_client import CollectorRegistry

from services.common.cancellation import Cancellation
from services.common.lane import Lane, Queued
from services.common.worker_metrics import WorkerMetrics

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """What the awaitable gives; fails instead of hanging for ever."""
    return await asyncio.wait_for(awaitable, 30)


class WatchedLane(Lane):
    """A lane whose figures can be read back."""

    def __init__(self, *, queue_size: int = 4, time_limit_seconds: float = 600.0) -> None:
        self.registry = CollectorRegistry()
        super().__init__(
            queue_size=queue_size,
            metrics=WorkerMetrics(self.registry, ("work",)),
            time_limit_seconds=time_limit_seconds,
        )

    def limit(self, seconds: float) -> None:
        """Changes the time limit of the jobs that begin from now on."""
        self._time_limit_seconds = seconds

    def figure(self, name: str) -> float:
        """The value of `atelier_worker_<name>`."""
        value = self.registry.get_sample_value(f"atelier_worker_{name}")
        assert value is not None, name
        return value

    async def idle(self) -> None:
        """Returns when no job waits or is worked on."""
        await soon(self._idle.wait())
        assert self.queued == 0


class HeldJob:
    """Yields its items when it is told to, and says what has become of it."""

    def __init__(self, *items: str, error: Exception | None = None) -> None:
        self._items = items
        self._error = error
        self._loop = asyncio.get_running_loop()
        self._go = threading.Event()
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self.cancelled = False

    def __call__(self, cancellation: Cancellation) -> Iterator[str]:
        self._loop.call_soon_threadsafe(self.started.set)
        try:
            while not self._go.wait(0.002):
                cancellation.check()
            yield from self._items
            if self._error is not None:
                raise self._error
        finally:
            self.cancelled = cancellation.cancelled
            self._loop.call_soon_threadsafe(self.ended.set)

    def go(self) -> "HeldJob":
        """Lets the job work to its end."""
        self._go.set()
        return self


class Reader:
    """Reads a job in a task of its own, and keeps what came."""

    def __init__(self, lane: Lane, job: Callable[[Cancellation], Iterator[str]]) -> None:
        self.places: list[int] = []
        self.items: list[str] = []
        self._lane = lane
        self._job = job
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with aclosing(self._lane.run(self._job)) as messages:
            async for message in messages:
                if isinstance(message, Queued):
                    self.places.append(message.position)
                else:
                    self.items.append(message)
                self._changed.set()

    async def queued(self, place: int) -> "Reader":
        """Returns when the job has been told that it stands at `place`."""
        while not self.places or self.places[-1] != place:
            self._changed.clear()
            await soon(self._changed.wait())
        return self

    async def done(self) -> list[str]:
        """The items, when the job has ended. Raises what the lane raised."""
        await soon(asyncio.shield(self.task))
        return self.items

    async def leave(self) -> None:
        """Cancels the reading, as a call does whose client is gone."""
        self.task.cancel()
        await soon(asyncio.wait([self.task]))
