"""Who shares the batch, and who waits for a place in it. Knows no model.

The llm worker's counterpart of the lane: as many calls at a time as the batch has places.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator

from services.common import tracing
from services.common.errors import QueueFull, ShuttingDown
from services.common.lane import Queued
from services.common.worker_metrics import WorkerMetrics


class Place:
    """A call's place in the batch, or in the queue before it."""

    def __init__(self) -> None:
        self.arrived = time.monotonic()
        self.moved = asyncio.Event()
        self.admitted = False
        self.wait = tracing.active.begin("queue")
        """The span of the time that it waits."""


class Admission:
    """A bounded queue before a bounded number of places, in order of arrival."""

    def __init__(self, *, places: int, queue_size: int, metrics: WorkerMetrics) -> None:
        self._free = places
        self._queue_size = queue_size
        self._metrics = metrics
        metrics.queue_limit.set(queue_size)
        self._waiting: deque[Place] = deque()
        self._typical_seconds = 5.0
        self._closed = False

    def enter(self) -> Place:
        """Takes a place, or a place in the queue.

        Raises QueueFull when the queue is full, ShuttingDown after close(). Whoever enters must
        leave().
        """
        if self._closed:
            raise ShuttingDown
        place = Place()
        if self._free:
            self._admit(place)
        elif len(self._waiting) < self._queue_size:
            self._waiting.append(place)
            self._metrics.queue_depth.set(len(self._waiting))
        else:
            self._metrics.queue_refused.inc()
            raise QueueFull(retry_after_seconds=max(1.0, self._typical_seconds))
        return place

    async def wait(self, place: Place) -> AsyncIterator[Queued]:
        """Yields the place in the queue whenever it changes, until the call is admitted."""
        while not place.admitted:
            if self._closed:
                raise ShuttingDown
            place.moved.clear()
            yield Queued(self._waiting.index(place))
            await place.moved.wait()

    def leave(self, place: Place) -> None:
        """Gives the place back; the next in the queue takes it."""
        if not place.admitted:
            place.wait.end()
            self._waiting.remove(place)
            self._queue_moved()
            return
        self._typical_seconds += 0.2 * (time.monotonic() - place.arrived - self._typical_seconds)
        self._free += 1
        self._metrics.tasks_running.dec()
        if self._waiting:
            self._admit(self._waiting.popleft())
            self._queue_moved()

    async def close(self) -> None:
        """Refuses new calls and sends the waiting ones away."""
        self._closed = True
        self._queue_moved()

    def _admit(self, place: Place) -> None:
        self._free -= 1
        self._metrics.tasks_running.inc()
        self._metrics.queue_wait_seconds.observe(time.monotonic() - place.arrived)
        place.wait.end()
        place.admitted = True
        place.moved.set()

    def _queue_moved(self) -> None:
        self._metrics.queue_depth.set(len(self._waiting))
        for place in self._waiting:
            place.moved.set()
