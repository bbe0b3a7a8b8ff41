"""One job on its way through the lane: the thread that works on it and the caller that reads it.

Knows how items, errors and the order to stop cross between the two. Knows no queue.
"""

import asyncio
import contextvars
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.common import tracing
from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import ReaderStalled

T = TypeVar("T")
Job = Callable[[Cancellation], Iterator[T]]
log = logging.getLogger(__name__)

_AHEAD = 32
"""How many items a job may have made that nobody has read."""
_STALL_SECONDS = 30.0
"""How long a job waits for a reader that reads nothing, before it gives the lane to others."""
_PATIENCE_SECONDS = 30.0
"""A job that goes on for this long after it was stopped is worth a line in the log."""


@dataclass(frozen=True)
class Ended:
    """The last thing that a turn gives: the job is over, well or with an error."""

    error: Exception | None


class Turn(Generic[T]):
    """A job from its arrival to its end. All but work() belongs to the event loop.

    The job is at most a few items ahead of its reader: a slow reader slows it.
    """

    def __init__(self, job: Job[T]) -> None:
        self.arrived = time.monotonic()
        self.wait = tracing.active.begin("queue")
        """The span of the time that it waits; whoever begins it or sends it away ends it."""
        self.moved = asyncio.Event()
        """Set when the turn's place in the queue has changed."""
        self.stopped_at: float | None = None
        self._job = job
        self._loop = asyncio.get_running_loop()
        # The job's log lines carry the call's id, and its spans belong to the call's.
        self._context = contextvars.copy_context()
        self._cancellation = Cancellation()
        self._room = threading.Semaphore(_AHEAD)
        self._items: asyncio.Queue[T | Ended] = asyncio.Queue()
        self._complaint: asyncio.TimerHandle | None = None

    async def next(self) -> T | Ended:
        """The job's next item, or its end."""
        item = await self._items.get()
        self._room.release()
        return item

    def stop(self, reason: Exception | None = None) -> None:
        """Tells the job to stop; its reader gets `reason` without waiting for that."""
        if self.stopped_at is not None:
            return
        self.stopped_at = time.monotonic()
        self._cancellation.cancel()
        self._room.release()
        self._complaint = self._loop.call_later(_PATIENCE_SECONDS, self._complain)
        if reason is not None:
            self._items.put_nowait(Ended(reason))

    def end(self, error: Exception | None) -> None:
        """The job is over."""
        if self._complaint is not None:
            self._complaint.cancel()
        if self.stopped_at is None:
            self._items.put_nowait(Ended(error))
        elif error is not None and not isinstance(error, JobCancelled):
            log.error("a job failed while it was being stopped", exc_info=error)

    def work(self, ended: Callable[[Exception | None], None]) -> None:
        """Runs the job in this thread, then `ended` on the event loop. Raises nothing."""
        error: Exception | None = None
        try:
            self._context.run(self._produce)
        except BaseException as failure:  # noqa: BLE001  # whatever it is, it is the caller's news
            _drop_locals(failure)
            # A SystemExit from a library must not end the worker.
            error = failure if isinstance(failure, Exception) else RuntimeError(repr(failure))
        self._tell(ended, error)

    def _produce(self) -> None:
        with tracing.active.span("task"):
            self._cancellation.check()
            items = self._job(self._cancellation)
            try:
                self._wait_for_room()
                for item in items:
                    self._tell(self._items.put_nowait, item)
                    self._wait_for_room()
            finally:
                # A generator cleans up in this thread, where its memory is, before the next job.
                close = getattr(items, "close", None)
                if close is not None:
                    close()

    def _wait_for_room(self) -> None:
        if not self._room.acquire(timeout=_STALL_SECONDS):
            raise ReaderStalled(_STALL_SECONDS)
        self._cancellation.check()

    def _tell(self, callback: Callable[..., object], *values: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *values)
        except RuntimeError:  # the loop is closed: the process ends
            self._cancellation.cancel()

    def _complain(self) -> None:
        log.error("a job goes on %g s after it was stopped; it blocks the lane", _PATIENCE_SECONDS)


def _drop_locals(error: BaseException | None) -> None:
    """Empties the frames of a traceback: they hold tensors, whose memory the next job needs."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
