"""A job's course from its acceptance to its one end: its turn, its attempts, what follows of each.

The one place that moves a job from state to state. Each move is written to the store first and told
to those who watch afterwards. Knows no caller and no message.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from google.rpc import code_pb2, status_pb2
from sqlalchemy.exc import SQLAlchemyError

from services.common.errors import AtelierError, ShuttingDown, to_status
from services.common.settings_jobs import JobSettings
from services.gateway.dispatcher import DOMAIN
from services.gateway.health_map import HealthMap
from services.gateway.jobs.active import ActiveJob, ActiveJobs
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.lane import JobLane
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.pace import Pace
from services.gateway.jobs.record import (
    CANCELLED,
    FAILED,
    SUCCEEDED,
    AttemptsExhausted,
    DiskFull,
    JobRecord,
)
from services.gateway.jobs.runner import Done, Lost, Outcome, Refused, Runner
from services.gateway.jobs.store import JobStore
from services.gateway.jobs.watchers import Watchers
from services.gateway.record import State

T = TypeVar("T")
log = logging.getLogger(__name__)
_CANCELLED = status_pb2.Status(code=code_pb2.CANCELLED, message="the job was cancelled")
_DISK_PAUSE_SECONDS = 5.0
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.25, 15.0


@dataclass(frozen=True)
class _Stopped:
    """The attempt was broken off from here: by a caller, or since the gateway ends."""


@dataclass(frozen=True)
class _Lane:
    """What there is for each capability."""

    lane: JobLane
    pace: Pace


class Course:
    """Takes jobs up and brings each to its end. Use from one event loop.

    Nothing runs before go().
    """

    def __init__(
        self,
        settings: JobSettings,
        store: JobStore,
        runner: Runner,
        health: HealthMap,
        watchers: Watchers,
        metrics: JobMetrics,
    ) -> None:
        self.active = ActiveJobs()
        self._store = store
        self._runner = runner
        self._health = health
        self._watchers = watchers
        self._metrics = metrics
        self._lanes = {
            name: _Lane(JobLane(settings.running_per_capability, self._run, self._placed), Pace())
            for name in health.records
        }
        self._generations = {name: record.generation for name, record in health.records.items()}
        """The worker's life in which each capability's lane last went on."""
        self._absent: set[str] = set()
        """The capabilities whose worker was away when the health map spoke last."""
        self._ending = asyncio.Event()
        """Set once no attempt may go on."""
        self._following: asyncio.Task[None] | None = None

    def take_up(self, record: JobRecord) -> None:
        """Lets an accepted job wait for its turn."""
        active = self.active.add(record)
        known = self._lanes.get(record.capability)
        if known is None:
            active.live.wait("the settings have no such capability now")
        else:
            known.lane.put(record.id, _queue_of(record))
        self._watchers.changed(record.id)

    def go(self) -> None:
        """Lets jobs run from now on."""
        self._following = asyncio.create_task(self._follow_health())
        for known in self._lanes.values():
            known.lane.go()

    @property
    def waiting(self) -> int:
        """How many jobs wait for a turn that can come."""
        return sum(len(known.lane.queue) for known in self._lanes.values())

    def pace_seconds(self, capability: str) -> float:
        """How long a job of the capability takes, about."""
        return self._lanes[capability].pace.seconds

    async def cancel(self, job_id: str) -> None:
        """Tells a job to stop; nothing happens to one that has ended. Raises DiskFull.

        One that waits has ended when this returns.
        """
        active = self.active.get(job_id)
        record = await self._store.set_cancelling(job_id) if active is not None else None
        if active is None or record is None or active.over.is_set():
            return
        active.record = record
        self._watchers.changed(job_id)
        known = self._lanes.get(record.capability)
        if active.work is not None:
            active.work.cancel()
        elif known is None or known.lane.remove(job_id):
            await self._end(active, CANCELLED, _CANCELLED)
        # Else it is between two steps, and the next one sees that it was told to stop.

    def update(self, record: JobRecord) -> bool:
        """Takes over what was changed of a job; False if it has ended meanwhile."""
        active = self.active.get(record.id)
        if active is None:
            return False
        active.record = record
        self._watchers.changed(record.id)
        return True

    async def drain(self, grace_seconds: float) -> None:
        """Starts no more jobs, lets those that run finish within the time, and keeps the others.

        An attempt that does not finish is not counted.
        """
        lanes = [known.lane for known in self._lanes.values()]
        for lane in lanes:
            lane.stop()
        for active in self.active:
            if active.work is None:
                active.over.set()
        drained = asyncio.gather(*(lane.drained() for lane in lanes))
        try:
            async with asyncio.timeout(grace_seconds):
                await asyncio.shield(drained)
        except TimeoutError:
            self._ending.set()
            for active in self.active:
                if active.work is not None:
                    active.work.cancel()
            await drained

    async def close(self) -> None:
        """Ends what is left of it: nobody waits any more."""
        self._ending.set()
        for active in self.active:
            active.over.set()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    # --- A turn ----------------------------------------------------------------------------------

    async def _run(self, job_id: str) -> None:
        """Gives a job to its worker once, and does what follows from how it comes out."""
        active = self.active[job_id]
        try:
            await self._attempt(active)
        except ShuttingDown:
            active.over.set()  # the next gateway takes it up
        except Exception as error:
            # Whatever it is, the job must not hang, and the next one gets its turn.
            log.exception("job %s failed inside the gateway", job_id)
            with suppress(ShuttingDown):
                await self._end(active, FAILED, _fault(job_id, error))

    async def _attempt(self, active: ActiveJob) -> None:
        known = self._lanes[active.record.capability]
        try:
            record = await self._store.mark_running(active.record.id)
        except DiskFull as full:
            known.lane.pause(_DISK_PAUSE_SECONDS)
            self._wait_again(active, active.record, known.lane, full.message)
            return
        if record is None:
            self.active.remove(active)
            return
        active.record = record
        active.live.begin()
        self._watchers.changed(record.id)
        self._metrics.started(record)
        attempt = self._store.attempt(record)
        began = time.monotonic()
        outcome = await self._outcome(active, attempt)
        if isinstance(outcome, Done):
            known.pace.note(time.monotonic() - began)
            outcome = await self._save(active, attempt)
        if isinstance(outcome, Done):
            known.lane.worked()
            return
        await attempt.discard()
        await self._follow(active, known.lane, outcome)

    async def _outcome(self, active: ActiveJob, attempt: Attempt) -> Outcome | _Stopped:
        work = asyncio.create_task(self._work(active, attempt))
        active.work = work
        if active.record.cancelling or self._ending.is_set():
            work.cancel()
        await asyncio.wait([work])
        active.work = None
        if not work.cancelled():
            return self._result(active.record.id, work)
        if active.record.cancelling or self._ending.is_set():
            return _Stopped()
        return Lost("the way to the worker was closed", begun=True)

    def _result(self, job_id: str, work: asyncio.Task[Outcome]) -> Outcome:
        try:
            return work.result()
        except Exception as error:
            log.exception("job %s failed inside the gateway", job_id)
            return Refused(_fault(job_id, error))

    async def _work(self, active: ActiveJob, attempt: Attempt) -> Outcome:
        record = active.record
        request = await self._store.request_bytes(record.id)
        changed = partial(self._watchers.changed, record.id)
        return await self._runner.run(record, request, attempt, active.live, changed)

    async def _save(self, active: ActiveJob, attempt: Attempt) -> Done | Refused:
        """Ends the job well, unless there is no room for even that."""
        try:
            await self._end(active, SUCCEEDED, attempt=attempt)
        except DiskFull as full:
            return Refused(to_status(full, DOMAIN))
        return Done()

    # --- What follows from an attempt ------------------------------------------------------------

    async def _follow(
        self, active: ActiveJob, lane: JobLane, outcome: Refused | Lost | _Stopped
    ) -> None:
        match outcome:
            case Refused(status):
                lane.worked()
                await self._end(active, FAILED, status)
            case _ if active.record.cancelling:
                await self._end(active, CANCELLED, _CANCELLED)
            case _Stopped():
                await self._requeue(active, lane, "the gateway starts anew", uncount=True)
            case Lost() as lost:
                await self._lost(active, lane, lost)

    async def _lost(self, active: ActiveJob, lane: JobLane, lost: Lost) -> None:
        record = active.record
        lane.pause(lost.pause_seconds)
        if lost.begun and record.attempts >= record.max_attempts:
            exhausted = AttemptsExhausted(record.attempts, lost.reason)
            await self._end(active, FAILED, to_status(exhausted, DOMAIN))
            return
        await self._requeue(active, lane, lost.reason, uncount=not lost.begun)

    async def _requeue(
        self, active: ActiveJob, lane: JobLane, reason: str, *, uncount: bool
    ) -> None:
        job_id = active.record.id
        record = await self._written(
            lambda: self._store.requeue(job_id, uncount_attempt=uncount), job_id
        )
        if record is None:
            self.active.remove(active)
            return
        active.record = record
        if record.cancelling:
            await self._end(active, CANCELLED, _CANCELLED)
            return
        self._wait_again(active, record, lane, reason)

    def _wait_again(self, active: ActiveJob, record: JobRecord, lane: JobLane, reason: str) -> None:
        active.live.wait(reason)
        lane.put(record.id, _queue_of(record), first=True)
        self._watchers.changed(record.id)
        if self._ending.is_set():
            active.over.set()

    async def _end(
        self,
        active: ActiveJob,
        state: str,
        error: status_pb2.Status | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        """Ends a job. Raises DiskFull for a good end only; any other waits until it is written."""
        job_id = active.record.id
        ended = await self._written(
            lambda: self._store.end(job_id, state, error, attempt), job_id, state == SUCCEEDED
        )
        if ended is not None:
            active.record = ended
            self._metrics.ended(ended)
        self.active.remove(active)
        self._watchers.changed(job_id)

    async def _written(
        self, write: Callable[[], Awaitable[T]], job_id: str, full_is_an_end: bool = False
    ) -> T:
        """Writes what has happened, as soon as it can be written.

        Raises ShuttingDown if the gateway ends before: the next one takes the job up as it stands.
        """
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await write()
            except (DiskFull, SQLAlchemyError) as error:
                if full_is_an_end and isinstance(error, DiskFull):
                    raise
                log.warning("job %s: what became of it cannot be written yet: %s", job_id, error)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await self._ending.wait()
            if self._ending.is_set():
                raise ShuttingDown
            pause_seconds = min(_MAX_PAUSE_SECONDS, pause_seconds * 2)

    # --- What moves a lane -----------------------------------------------------------------------

    async def _follow_health(self) -> None:
        """A worker that is back ends its lane's pause."""
        with self._health.subscribe() as subscription:
            while not subscription.closed:
                for name in await subscription.changes():
                    self._look_at(name)

    def _look_at(self, name: str) -> None:
        record = self._health[name]
        if record.state is State.UNAVAILABLE:
            self._absent.add(name)
            return
        # A worker that went and came back in one instant shows in the generation only.
        is_back = name in self._absent or record.generation != self._generations[name]
        self._absent.discard(name)
        self._generations[name] = record.generation
        if is_back:
            self._lanes[name].lane.resume()

    def _placed(self, places: dict[str, int]) -> None:
        """Tells those whose place in the queue has changed."""
        for job_id, place in places.items():
            active = self.active.get(job_id)
            if active is not None and active.live.queue_position != place:
                active.live.queue_position = place
                self._watchers.changed(job_id)


def _queue_of(record: JobRecord) -> str:
    """Whose turn it is when this job runs: the key's, or without keys the page's that sent it."""
    return record.submitter or record.presence


def _fault(job_id: str, error: Exception) -> status_pb2.Status:
    if isinstance(error, AtelierError):
        return to_status(error, DOMAIN)
    text = f"the gateway failed; its log tells why under the id {job_id}"
    return to_status(AtelierError(text), DOMAIN)
