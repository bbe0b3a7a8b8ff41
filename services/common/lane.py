"""The lane for the GPU: one job at a time, a bounded queue before it.

Knows who waits, who works and how a job is stopped. Does not know what a job makes.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import QueueFull, ShuttingDown, TaskTimeLimitExceeded
from services.common.worker_metrics import WorkerMetrics

T = TypeVar("T")
Job = Callable[[Cancellation], Iterator[T]]


class _End(Enum):
    """What a job's iterator gives when it has ended; StopIteration cannot cross a future."""

    END = "end"


@dataclass(frozen=True)
class Queued:
    """The job waits; `position` jobs are served before it."""

    position: int


class _Ticket:
    """A place in the queue."""

    def __init__(self) -> None:
        self.arrived = time.monotonic()
        self.moved = asyncio.Event()
        self.has_turn = False
        self.closed = False


class Lane:
    """Runs jobs one after the other in one thread, in the order of their arrival.

    Everything but the jobs themselves happens on the event loop.
    """

    def __init__(
        self, *, queue_size: int, metrics: WorkerMetrics, time_limit_seconds: float
    ) -> None:
        self._queue_size = queue_size
        self._metrics = metrics
        self._time_limit_seconds = time_limit_seconds
        self._waiting: deque[_Ticket] = deque()
        self._busy = False
        self._closed = False
        self._typical_seconds = 1.0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="lane")
        self._endings: set[asyncio.Task[None]] = set()

    async def run(self, job: Job[T]) -> AsyncIterator[Queued | T]:
        """Yields Queued while the job waits and whenever its place changes, then what it yields.

        The job computes its next item only when it is asked for it: a slow reader slows the job.
        Close the iterator (contextlib.aclosing) or cancel the caller to stop the job; the lane
        goes on to the next one as soon as the job has seen its cancellation.

        Raises QueueFull at once when too many wait, ShuttingDown after close(),
        TaskTimeLimitExceeded when the job runs longer than the limit, and what the job raises.
        """
        ticket = self._enter()
        try:
            while not ticket.has_turn:
                ticket.moved.clear()
                yield Queued(self._waiting.index(ticket))
                if not ticket.has_turn and not ticket.moved.is_set():
                    await ticket.moved.wait()
                if ticket.closed:
                    raise ShuttingDown
        except BaseException:
            self._abandon(ticket)
            raise
        self._metrics.queue_wait_seconds.observe(time.monotonic() - ticket.arrived)
        turn = _Turn(self, job)
        try:
            while (item := await turn.next()) is not _End.END:
                yield item
        finally:
            turn.release()

    async def close(self) -> None:
        """Refuses new jobs, sends the waiting ones away and waits for the running one's end."""
        self._closed = True
        for ticket in self._waiting:
            ticket.closed = True
            ticket.moved.set()
        while self._endings:
            await asyncio.wait(self._endings)
        self._executor.shutdown(wait=False, cancel_futures=True)

    @property
    def queued(self) -> int:
        """The number of jobs that wait."""
        return len(self._waiting)

    def _enter(self) -> _Ticket:
        if self._closed:
            raise ShuttingDown
        ticket = _Ticket()
        if not self._busy:
            self._give_turn(ticket)
            return ticket
        if len(self._waiting) >= self._queue_size:
            self._metrics.queue_refused.inc()
            raise QueueFull(retry_after_seconds=max(1.0, self._typical_seconds))
        self._waiting.append(ticket)
        self._metrics.queue_depth.set(len(self._waiting))
        return ticket

    def _give_turn(self, ticket: _Ticket) -> None:
        self._busy = True
        self._metrics.tasks_running.set(1)
        ticket.has_turn = True
        ticket.moved.set()

    def _abandon(self, ticket: _Ticket) -> None:
        """The caller of a waiting job has left."""
        if ticket.has_turn:
            self._pass_on()
            return
        self._waiting.remove(ticket)
        self._queue_changed()

    def _pass_on(self) -> None:
        """The lane is free: the next one has its turn."""
        self._busy = False
        self._metrics.tasks_running.set(0)
        if self._waiting:
            self._give_turn(self._waiting.popleft())
        self._queue_changed()

    def _queue_changed(self) -> None:
        self._metrics.queue_depth.set(len(self._waiting))
        for ticket in self._waiting:
            ticket.moved.set()

    def _learn(self, seconds: float) -> None:
        self._typical_seconds += 0.3 * (seconds - self._typical_seconds)


class _Turn(Generic[T]):
    """One job while it has the lane."""

    def __init__(self, lane: Lane, job: Job[T]) -> None:
        self._lane = lane
        self._loop = asyncio.get_running_loop()
        self._cancellation = Cancellation()
        self._iterator = job(self._cancellation)
        self._step: asyncio.Future[T | _End] | None = None
        self._began = time.monotonic()
        self._finished = False
        self._released = False
        self._limited = False
        # A reader that stops reading must not hold the lane for ever, so the limit is a timer,
        # not a check between steps.
        self._timer = self._loop.call_later(lane._time_limit_seconds, self._limit)

    async def next(self) -> T | _End:
        """The job's next item. Raises what the job raises."""
        if self._limited:
            raise TaskTimeLimitExceeded(self._lane._time_limit_seconds)
        self._step = self._loop.run_in_executor(
            self._lane._executor, next, self._iterator, _End.END
        )
        try:
            # Shielded, because a thread cannot be cancelled: release() waits for its end.
            item = await asyncio.shield(self._step)
        except JobCancelled:
            self._finished = True
            if self._limited:
                raise TaskTimeLimitExceeded(self._lane._time_limit_seconds) from None
            raise
        except Exception:
            self._finished = True
            raise
        self._finished = item is _End.END
        return item

    def release(self) -> None:
        """Stops the job if it has not ended, and lets the next one in once its thread is free."""
        if self._released:
            return
        self._released = True
        self._timer.cancel()
        if self._finished:
            self._lane._learn(time.monotonic() - self._began)
            self._lane._pass_on()
            return
        self._cancellation.cancel()
        ending = self._loop.create_task(self._end())
        self._lane._endings.add(ending)
        ending.add_done_callback(self._lane._endings.discard)

    async def _end(self) -> None:
        cancelled = time.monotonic()
        try:
            if self._step is not None:
                await asyncio.wait([self._step])
                # Looked at, so that asyncio does not report it as never retrieved.
                self._step.exception()
            await self._loop.run_in_executor(self._lane._executor, _close, self._iterator)
        finally:
            self._lane._metrics.cancel_to_idle_seconds.observe(time.monotonic() - cancelled)
            self._lane._pass_on()

    def _limit(self) -> None:
        self._limited = True
        self._cancellation.cancel()
        self.release()


def _close(iterator: Iterator[T]) -> None:
    """Lets a generator run its clean-up in the lane's thread, where its memory is."""
    close = getattr(iterator, "close", None)
    if close is None:
        return
    try:
        close()
    except JobCancelled:
        pass
