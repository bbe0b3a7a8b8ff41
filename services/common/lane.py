"""The lane for the GPU: one job at a time, a bounded queue before it.

Knows who waits, who works and how long. Does not know what a job makes.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from services.common.cancellation import Cancellation
from services.common.errors import QueueFull, ShuttingDown, TaskTimeLimitExceeded
from services.common.turn import Ended, Turn
from services.common.worker_metrics import WorkerMetrics

T = TypeVar("T")


@dataclass(frozen=True)
class Queued:
    """The job waits; `position` other waiting jobs are served before it."""

    position: int


class Lane:
    """Runs jobs one after the other in one thread, in the order of their arrival.

    Everything but the jobs themselves happens on the event loop.
    """

    def __init__(
        self, *, queue_size: int, metrics: WorkerMetrics, time_limit_seconds: float
    ) -> None:
        self._queue_size = queue_size
        self._metrics = metrics
        metrics.queue_limit.set(queue_size)
        self._time_limit_seconds = time_limit_seconds
        self._waiting: deque[Turn[Any]] = deque()
        self._running: Turn[Any] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._typical_seconds = 1.0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="lane")

    async def run(
        self, job: Callable[[Cancellation], Iterator[T]]
    ) -> AsyncGenerator[Queued | T, None]:
        """Yields Queued while the job waits and whenever its place changes, then what it yields.

        The job is called and iterated in the lane's thread and runs at most a few items ahead: a
        slow reader slows it. Close the iterator (contextlib.aclosing) or cancel the caller to
        stop it; the lane goes on to the next job as soon as this one has seen its cancellation.

        Raises QueueFull at once when too many wait, ShuttingDown after close(),
        TaskTimeLimitExceeded when the job runs longer than the limit, and what the job raises.
        """
        turn = self._enter(job)
        try:
            while turn in self._waiting:
                turn.moved.clear()
                yield Queued(self._waiting.index(turn))
                await turn.moved.wait()
            while not isinstance(item := await turn.next(), Ended):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            self._leave(turn)

    async def close(self) -> None:
        """Refuses new jobs, sends the waiting ones away, stops the running one, awaits its end."""
        self._closed = True
        for turn in self._waiting:
            turn.wait.end()
            turn.end(ShuttingDown())
            turn.moved.set()
        self._waiting.clear()
        self._metrics.queue_depth.set(0)
        if self._running is not None:
            self._running.stop(ShuttingDown())
        self._executor.shutdown(wait=False)
        await self._idle.wait()

    @property
    def queued(self) -> int:
        """The number of jobs that wait."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether a job is worked on."""
        return self._running is not None

    def _enter(self, job: Callable[[Cancellation], Iterator[T]]) -> Turn[T]:
        if self._closed:
            raise ShuttingDown
        turn = Turn(job)
        if self._running is None:
            self._begin(turn)
        elif len(self._waiting) < self._queue_size:
            self._waiting.append(turn)
            self._metrics.queue_depth.set(len(self._waiting))
        else:
            self._metrics.queue_refused.inc()
            raise QueueFull(retry_after_seconds=max(1.0, self._typical_seconds))
        return turn

    def _begin(self, turn: Turn[Any]) -> None:
        # Whether the caller reads or not, so that one who does not cannot hold the lane for ever.
        began = time.monotonic()
        turn.wait.end()
        limit = asyncio.get_running_loop().call_later(
            self._time_limit_seconds, turn.stop, TaskTimeLimitExceeded(self._time_limit_seconds)
        )
        self._executor.submit(turn.work, partial(self._ended, turn, began, limit))
        self._running = turn
        self._idle.clear()
        turn.moved.set()
        self._metrics.tasks_running.set(1)
        self._metrics.queue_wait_seconds.observe(began - turn.arrived)

    def _ended(
        self,
        turn: Turn[Any],
        began: float,
        limit: asyncio.TimerHandle,
        error: Exception | None,
    ) -> None:
        """The thread is free: the next one has its turn."""
        limit.cancel()
        now = time.monotonic()
        if turn.stopped_at is not None:
            self._metrics.cancel_to_idle_seconds.observe(now - turn.stopped_at)
        self._typical_seconds += 0.3 * (now - began - self._typical_seconds)
        turn.end(error)
        self._running = None
        if self._waiting:
            self._begin(self._waiting.popleft())
            self._queue_moved(0)
        else:
            self._metrics.tasks_running.set(0)
            self._idle.set()

    def _leave(self, turn: Turn[Any]) -> None:
        """The caller of a job reads no further."""
        if turn is self._running:
            turn.stop()
        elif turn in self._waiting:
            turn.wait.end()
            place = self._waiting.index(turn)
            del self._waiting[place]
            self._queue_moved(place)

    def _queue_moved(self, place: int) -> None:
        self._metrics.queue_depth.set(len(self._waiting))
        for turn in list(self._waiting)[place:]:
            turn.moved.set()
