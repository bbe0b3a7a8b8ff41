"""Jobs as the faces see them: submit, look, watch, cancel; whose they are, and who is there.

What becomes of an accepted job is course.py's affair.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from atelier.jobs.v1 import jobs_pb2
from services.common import tracing
from services.common.errors import AtelierError, NotFound, QueueFull, ShuttingDown
from services.common.settings_jobs import JobSettings
from services.gateway.caller import Caller, current
from services.gateway.dispatcher import Dispatcher
from services.gateway.health_map import HealthMap
from services.gateway.jobs.course import Course
from services.gateway.jobs.messages import in_batches, job_message
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.presence import Presence, Presences
from services.gateway.jobs.record import (
    DROP,
    KEEP,
    GoneJob,
    HasEnded,
    JobRecord,
    NewJob,
    NotEnded,
    StoredFile,
)
from services.gateway.jobs.runner import Runner
from services.gateway.jobs.store import JobStore, page_token_after
from services.gateway.jobs.submission import Submission, check_leaving, checked, task_route
from services.gateway.jobs.watchers import Watchers

T = TypeVar("T")
log = logging.getLogger(__name__)
_EVICT_EVERY_SECONDS = 3600.0


class Jobs:
    """Use from one event loop; usable from start() to close()."""

    def __init__(
        self, settings: JobSettings, dispatcher: Dispatcher, health: HealthMap, metrics: JobMetrics
    ) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._health = health
        self._metrics = metrics
        self._watchers = Watchers()
        self._presences = Presences(settings.leave_grace_seconds, self._left)
        self._accepting = 0
        """How many jobs have their place in the queue, and are not written yet."""
        self._acts: set[asyncio.Task[Any]] = set()
        self._evicting: asyncio.Task[None] | None = None
        self._opened: tuple[JobStore, Course] | None = None

    async def start(self) -> None:
        """Opens the store and takes up what the last gateway left. Raises SettingsError.

        Nothing runs before go().
        """
        store = await JobStore.open(self._settings, self._deleted)
        runner = Runner(self._dispatcher)
        course = Course(self._settings, store, runner, self._health, self._watchers, self._metrics)
        self._opened = (store, course)
        self._metrics.read_from(store, course.active.waiting_since, self._settings.queue_size)
        for record in await store.recover():
            course.take_up(record)
            self._expect(record)

    def go(self) -> None:
        """Lets jobs run from now on."""
        self._course.go()
        self._evicting = asyncio.create_task(self._evict())

    async def drain(self, grace_seconds: float) -> None:
        """Starts no more jobs, lets those that run finish within the time, and keeps the others.

        A job that does not finish waits for the next gateway; the attempt is not counted. Calls
        that are under way may still look at jobs, until close().
        """
        self._presences.close()
        self._watchers.close()
        await self._course.drain(grace_seconds)

    async def close(self) -> None:
        """Lets go of the store, once what was begun is done."""
        if self._opened is None:
            return
        await self._course.close()
        if self._evicting is not None:
            self._evicting.cancel()
            await asyncio.gather(self._evicting, return_exceptions=True)
        await asyncio.gather(*self._acts, return_exceptions=True)
        await self._store.close()

    # --- Changing --------------------------------------------------------------------------------

    async def submit(self, submission: Submission, caller: Caller) -> jobs_pb2.Job:
        """Accepts a task as a job.

        Raises InvalidArgument, QueueFull, DiskFull, IdempotencyKeyReused.
        """
        new = checked(
            submission,
            self._dispatcher.routes,
            submitter=caller.name,
            max_attempts=self._settings.max_attempts,
            traceparent=tracing.active.traceparent(),
        )
        return self._message(await self._whole(self._accept(new)))

    async def cancel(self, job_id: str) -> jobs_pb2.Job:
        """Tells a job to stop; nothing happens to one that has ended. Raises NotFound, DiskFull."""
        await self._seen(job_id)
        await self._whole(self._course.cancel(job_id))
        return await self.get(job_id)

    async def delete(self, job_id: str) -> None:
        """Deletes a job that has ended, with its files. Raises NotFound, NotEnded, DiskFull."""
        await self._seen(job_id)
        await self._whole(self._store.delete(job_id))

    async def retry(
        self, job_id: str, presence: str, on_leave: str, caller: Caller
    ) -> jobs_pb2.Job:
        """Submits an ended job's request again. Raises NotFound, NotEnded, and as submit()."""
        record = await self._seen(job_id)
        if not record.ended:
            raise NotEnded(job_id)
        task_route(record.method, self._dispatcher.routes)
        submission = Submission(
            method=record.method,
            request=await self._store.request_bytes(job_id),
            presence=presence,
            on_leave=on_leave,
            retry_of=job_id,
        )
        return await self.submit(submission, caller)

    async def update(self, job_id: str, on_leave: str | None, presence: str | None) -> jobs_pb2.Job:
        """Changes who watches over a job. Raises NotFound, InvalidArgument, HasEnded, DiskFull."""
        before = await self._seen(job_id)
        if on_leave is not None:
            on_leave = on_leave or KEEP
        check_leaving(
            before.on_leave if on_leave is None else on_leave,
            before.presence if presence is None else presence,
        )
        return self._message(await self._whole(self._update(job_id, on_leave, presence)))

    # --- Looking ---------------------------------------------------------------------------------

    async def get(self, job_id: str) -> jobs_pb2.Job:
        """The job as it is now. Raises NotFound, as all do for what the caller may not see."""
        return self._message(await self._seen(job_id))

    async def page(
        self, capability: str, states: Collection[str], page_size: int, page_token: str
    ) -> tuple[list[jobs_pb2.Job], str]:
        """A page of jobs, the newest first, and the next page's token. Raises InvalidArgument.

        Jobs that are very large make a page shorter than it was asked for.
        """
        page = await self._store.page(
            capability, states, page_size, page_token, submitter=self._whose()
        )
        found = next(in_batches(map(self._message, page.records)), [])
        if len(found) < len(page.records):
            return found, page_token_after(page.records[len(found) - 1])
        return found, page.next_page_token

    async def wait(self, job_id: str, timeout_seconds: float | None) -> jobs_pb2.Job:
        """The job once it has ended, or as it is when the time has passed.

        Raises NotFound, and ShuttingDown if the gateway ends before the job.
        """
        await self._seen(job_id)
        active = self._course.active.get(job_id)
        if active is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await active.over.wait()
            if active.over.is_set() and self._course.active.get(job_id) is active:
                raise ShuttingDown
        return await self.get(job_id)

    async def watch(
        self, job_id: str, capability: str, states: Collection[str], presence: str
    ) -> AsyncGenerator[jobs_pb2.WatchJobsResponse]:
        """The jobs that match, then each one that changes. Raises NotFound for an unknown id."""
        whose = self._whose()
        # Watching before looking: what changes meanwhile is news that waits.
        here = self._presences.here(self._presence(current.get().name, presence))
        with here, self._watchers.watch(job_id) as watch:
            first = await self._first_look(job_id, capability, states)
            sent = {record.id for record in first}
            over = bool(job_id) and all(record.ended for record in first)
            async for response in self._told(first):
                yield response
            while not (watch.closed or over):
                changed, gone = await watch.news()
                new = []
                for record in await self._records(changed):
                    matches = bool(job_id) or _matches(record, capability, states)
                    if whose in (None, record.submitter) and (matches or record.id in sent):
                        new.append(record)
                    (sent.add if matches else sent.discard)(record.id)
                ids = [job.id for job in gone if _is_told_of(job, capability, whose)]
                sent.difference_update(ids)
                over = bool(job_id) and (bool(gone) or any(record.ended for record in new))
                for batch in in_batches(map(self._message, new)):
                    yield jobs_pb2.WatchJobsResponse(jobs=batch)
                if ids:
                    yield jobs_pb2.WatchJobsResponse(deleted_ids=ids)

    async def file(self, job_id: str, name: str) -> StoredFile:
        """A file of a job. Raises NotFound, NotYet."""
        await self._seen(job_id)
        return await self._store.file(job_id, name)

    # --- Inside ----------------------------------------------------------------------------------

    async def _accept(self, new: NewJob) -> JobRecord:
        if new.idempotency_key:
            known = await self._store.find(new.submitter, new.idempotency_key)
            if known is not None:
                record, _ = await self._store.add(new)
                return record
        self._require_room(new.capability)
        self._accepting += 1
        try:
            record, is_new = await self._store.add(new)
        finally:
            self._accepting -= 1
        if is_new:
            self._course.take_up(record)
            self._expect(record)
        return record

    async def _update(self, job_id: str, on_leave: str | None, presence: str | None) -> JobRecord:
        after = await self._store.update(job_id, on_leave=on_leave, presence=presence)
        if after is None or not self._course.update(after):
            raise HasEnded(job_id)
        self._expect(after)
        return after

    def _require_room(self, capability: str) -> None:
        if self._course.waiting + self._accepting >= self._settings.queue_size:
            self._metrics.refused(capability)
            raise QueueFull(self._course.pace_seconds(capability))

    def _expect(self, record: JobRecord) -> None:
        if record.on_leave == DROP:
            self._presences.expect(self._presence(record.submitter, record.presence))

    def _left(self, presence: Presence) -> None:
        """A submitter has left for good: what was to be dropped is cancelled."""
        for active in self._course.active:
            record = active.record
            stands_for = self._presence(record.submitter, record.presence)
            if stands_for == presence and record.on_leave == DROP:
                self._act(self._drop(record.id))

    def _presence(self, name: str, text: str) -> Presence:
        """Nobody keeps another's jobs alive; where all see all jobs, they also share presences."""
        return Presence(name if self._settings.private else "", text)

    async def _drop(self, job_id: str) -> None:
        # On a full disk it goes on, as if its submitter were there.
        with suppress(AtelierError):
            await self._course.cancel(job_id)

    async def _evict(self) -> None:
        """Jobs grow too old also where none ends."""
        while True:
            await asyncio.sleep(_EVICT_EVERY_SECONDS)
            try:
                await self._store.evict()
            except (AtelierError, SQLAlchemyError):
                log.exception("the oldest jobs could not be deleted")

    def _deleted(self, gone: tuple[GoneJob, ...]) -> None:
        self._watchers.deleted(gone)

    async def _first_look(
        self, job_id: str, capability: str, states: Collection[str]
    ) -> list[JobRecord]:
        if job_id:
            return [await self._seen(job_id)]
        return await self._store.first_look(capability, states, submitter=self._whose())

    async def _told(self, first: list[JobRecord]) -> AsyncGenerator[jobs_pb2.WatchJobsResponse]:
        """The first look, in one message or more; the last one says so."""
        ready: list[jobs_pb2.Job] = []
        for batch in in_batches(map(self._message, first)):
            if ready:
                yield jobs_pb2.WatchJobsResponse(jobs=ready)
            ready = batch
        yield jobs_pb2.WatchJobsResponse(jobs=ready, caught_up=True)

    async def _seen(self, job_id: str) -> JobRecord:
        """The record, for the caller of the running call. Raises NotFound if it is not his."""
        active = self._course.active.get(job_id)
        record = active.record if active is not None else await self._store.get(job_id)
        if self._whose() not in (None, record.submitter):
            raise NotFound("job", job_id[:64])
        return record

    def _whose(self) -> str | None:
        """Whose jobs the caller of the running call may see; None for everybody's."""
        return current.get().name if self._settings.private else None

    async def _records(self, job_ids: Iterable[str]) -> list[JobRecord]:
        """Those of the jobs that there are."""
        active = [self._course.active.get(job_id) for job_id in job_ids]
        going = [job.record for job in active if job is not None]
        known = {record.id for record in going}
        return going + await self._store.find_all(
            [job_id for job_id in job_ids if job_id not in known]
        )

    def _message(self, record: JobRecord) -> jobs_pb2.Job:
        active = self._course.active.get(record.id)
        if active is None:
            return job_message(record)
        return job_message(active.record, active.live, self._store.preview(record.id))

    async def _whole(self, act: Coroutine[None, None, T]) -> T:
        """Does something to its end, though the caller that asked for it may leave meanwhile."""
        return await asyncio.shield(self._act(act))

    def _act(self, act: Coroutine[None, None, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(act)
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)
        return task

    @property
    def _store(self) -> JobStore:
        return self._parts[0]

    @property
    def _course(self) -> Course:
        return self._parts[1]

    @property
    def _parts(self) -> tuple[JobStore, Course]:
        if self._opened is None:
            raise RuntimeError("jobs are used before start()")
        return self._opened


def _matches(record: JobRecord, capability: str, states: Collection[str]) -> bool:
    return (not capability or record.capability == capability) and (
        not states or record.state in states
    )


def _is_told_of(job: GoneJob, capability: str, whose: str | None) -> bool:
    return (not capability or job.capability == capability) and whose in (None, job.submitter)
