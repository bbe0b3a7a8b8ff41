"""One capability's jobs: those that wait, in fair order, and the few that run.

Knows when a job may run, not how: it starts what it is given. Pauses while its worker is away,
until the worker is back or a growing pause has passed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.gateway.jobs.queue import FairQueue

log = logging.getLogger(__name__)
_MAX_PAUSE_SECONDS = 30.0


class JobLane:
    """The order and the pace of one capability's jobs."""

    def __init__(
        self,
        width: int,
        run: Callable[[str], Awaitable[None]],
        on_order: Callable[[dict[str, int]], None],
    ) -> None:
        """`run` runs a job by its id; `on_order` hears the places of all that wait.

        Nothing runs before go().
        """
        self._width = width
        self._run = run
        self._on_order = on_order
        self.queue = FairQueue()
        self._running: set[asyncio.Task[None]] = set()
        self._pauses = 0
        self._resume: asyncio.TimerHandle | None = None
        self._stopped = True

    @property
    def running(self) -> int:
        """How many jobs run."""
        return len(self._running)

    def go(self) -> None:
        """Starts jobs from now on."""
        self._stopped = False
        self._go_on()

    def put(self, job_id: str, caller: str, *, first: bool = False) -> None:
        """Lets a job wait; `first` before all others, for one that had its turn in vain."""
        if first:
            self.queue.put_back(job_id, caller)
        else:
            self.queue.put(job_id, caller)
        self._go_on()

    def remove(self, job_id: str) -> bool:
        """Takes a waiting job out; False if it does not wait."""
        removed = self.queue.remove(job_id)
        if removed:
            self._tell_order()
        return removed

    def pause(self, seconds: float) -> float:
        """Starts no job for a while, longer with each pause in a row, or until resume().

        Returns for how long, in seconds.
        """
        self._pauses += 1
        wait: float = min(_MAX_PAUSE_SECONDS, seconds * 2 ** min(10, self._pauses - 1))
        if self._resume is not None:
            self._resume.cancel()
        self._resume = asyncio.get_running_loop().call_later(wait, self.resume)
        return wait

    def resume(self) -> None:
        """Ends a pause: the worker is back, or it is time to try."""
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        self._go_on()

    def worked(self) -> None:
        """A worker has done something: the next pause is a short one again."""
        self._pauses = 0

    def stop(self) -> None:
        """Starts no more jobs."""
        self._stopped = True
        if self._resume is not None:
            self._resume.cancel()

    async def drained(self) -> None:
        """Waits until no job runs."""
        while self._running:
            await asyncio.wait(self._running)

    def _go_on(self) -> None:
        while self._may_start():
            task = asyncio.create_task(self._start(self.queue.pop()))
            self._running.add(task)
            task.add_done_callback(self._ended)
        self._tell_order()

    def _may_start(self) -> bool:
        paused = self._resume is not None
        return (
            not (self._stopped or paused) and len(self._running) < self._width and bool(self.queue)
        )

    async def _start(self, job_id: str) -> None:
        await self._run(job_id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a job's turn broke off", exc_info=error)
        self._go_on()

    def _tell_order(self) -> None:
        self._on_order({job_id: place for place, job_id in enumerate(self.queue.order())})
