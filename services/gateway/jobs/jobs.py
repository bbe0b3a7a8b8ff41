"""Jobs as the faces see them: submit, look, watch, cancel; and what happens to them meanwhile.

The one place that moves a job from state to state. Each move is written to the store first and told
to those who watch afterwards.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial

from google.rpc import code_pb2, status_pb2

from atelier.jobs.v1 import jobs_pb2
from services.common import tracing
from services.common.errors import AtelierError, NotFound, QueueFull, to_status
from services.common.settings_jobs import JobSettings
from services.gateway.caller import Caller, current
from services.gateway.dispatcher import DOMAIN, Dispatcher
from services.gateway.health_map import HealthMap
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.lane import JobLane
from services.gateway.jobs.live import LiveState
from services.gateway.jobs.messages import job_message
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.pace import Pace
from services.gateway.jobs.presence import Presences
from services.gateway.jobs.record import (
    CANCELLED,
    DROP,
    FAILED,
    KEEP,
    QUEUED,
    SUCCEEDED,
    DiskFull,
    HasEnded,
    JobRecord,
    NotEnded,
    Page,
    StoredFile,
)
from services.gateway.jobs.runner import Done, Lost, Outcome, Refused, Runner
from services.gateway.jobs.store import JobStore
from services.gateway.jobs.submission import Submission, check_leaving, checked
from services.gateway.jobs.watchers import Watchers
from services.gateway.record import State

log = logging.getLogger(__name__)
_CANCELLED = status_pb2.Status(code=code_pb2.CANCELLED, message="the job was cancelled")
_ABSENT = (State.UNAVAILABLE,)


class _AttemptsExhausted(AtelierError):
    """The job's worker was lost under it too often."""

    reason = "JOB_ATTEMPTS_EXHAUSTED"


@dataclass
class _Active:
    """A job that has not ended, as it is in memory."""

    record: JobRecord
    live: LiveState = field(default_factory=LiveState)
    work: asyncio.Task[Outcome] | None = None
    """The attempt that runs."""
    stopping: bool = False
    """Whether the gateway, not a caller, has stopped the attempt."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Jobs:
    """Made by open(); use from one event loop."""

    def __init__(
        self, settings: JobSettings, dispatcher: Dispatcher, health: HealthMap, metrics: JobMetrics
    ) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._health = health
        self._metrics = metrics
        self._runner = Runner(dispatcher)
        self._watchers = Watchers()
        self._presences = Presences(settings.leave_grace_seconds, self._left)
        self._active: dict[str, _Active] = {}
        self._lanes: dict[str, JobLane] = {}
        self._paces: dict[str, Pace] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._generations: dict[str, int] = {}
        """The worker's life in which each capability's lane last went on."""
        self._store: JobStore | None = None

    async def start(self) -> None:
        """Opens the store and takes up what the last gateway left. Raises SettingsError."""
        self._store = await JobStore.open(self._settings, self._deleted)
        self._metrics.read_from(self._store, self._waiting_since, self._settings.queue_size)
        for name in self._health.records:
            run, order = self._run, partial(self._placed, name)
            self._lanes[name] = JobLane(self._settings.running_per_capability, run, order)
            self._paces[name] = Pace()
        for record in await self._store.recover():
            await self._take_up(record)
        self._spawn(self._follow_health())

    async def drain(self, grace_seconds: float) -> None:
        """Starts no more jobs, lets those that run finish within the time, and keeps the others.

        A job that does not finish waits for the next gateway; the attempt is not counted. Calls
        that are under way may still look at jobs, until close().
        """
        for lane in self._lanes.values():
            lane.stop()
        self._presences.close()
        self._watchers.close()
        drained = asyncio.gather(*(lane.drained() for lane in self._lanes.values()))
        try:
            await asyncio.wait_for(asyncio.shield(drained), grace_seconds)
        except TimeoutError:
            self._interrupt()
            await drained

    async def close(self) -> None:
        """Lets go of the store."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._store is not None:
            await self._store.close()

    # --- For the faces ---------------------------------------------------------------------------

    async def submit(self, submission: Submission, caller: Caller) -> jobs_pb2.Job:
        """Accepts a task as a job.

        Raises InvalidArgument, QueueFull, DiskFull, IdempotencyKeyReused.
        """
        routes = self._dispatcher.routes
        new = checked(
            submission,
            routes,
            submitter=caller.name,
            max_attempts=self._settings.max_attempts,
            traceparent=tracing.active.traceparent(),
        )
        if new.idempotency_key:
            known = await self.store.find(new.submitter, new.idempotency_key)
            if known is not None:
                record, _ = await self.store.add(new)
                return self._message(record)
        self._require_room(new.capability)
        record, is_new = await self.store.add(new)
        if is_new:
            await self._take_up(record)
        return self._message(record)

    async def get(self, job_id: str) -> jobs_pb2.Job:
        """The job as it is now. Raises NotFound, as all do for what the caller may not see."""
        return self._message(await self._seen(job_id))

    async def page(
        self, capability: str, states: Collection[str], page_size: int, page_token: str
    ) -> tuple[list[jobs_pb2.Job], str]:
        """A page of jobs, the newest first, and the next page's token. Raises InvalidArgument."""
        page: Page = await self.store.page(
            capability, states, page_size, page_token, submitter=self._whose()
        )
        return [self._message(record) for record in page.records], page.next_page_token

    async def wait(self, job_id: str, timeout_seconds: float | None) -> jobs_pb2.Job:
        """The job once it has ended, or as it is when the time has passed. Raises NotFound."""
        await self._seen(job_id)
        active = self._active.get(job_id)
        if active is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(active.ended.wait(), timeout_seconds)
        return await self.get(job_id)

    async def watch(
        self, job_id: str, capability: str, states: Collection[str], presence: str
    ) -> AsyncGenerator[jobs_pb2.WatchJobsResponse]:
        """The jobs that match, then each one that changes. Raises NotFound for an unknown id."""
        with self._presences.here(presence), self._watchers.watch(job_id) as watch:
            whose = self._whose()
            first = await self._first_look(job_id, capability, states)
            sent = {record.id for record in first}
            yield jobs_pb2.WatchJobsResponse(jobs=map(self._message, first), caught_up=True)
            while not watch.closed:
                changed, deleted = await watch.news()
                news = jobs_pb2.WatchJobsResponse(deleted_ids=[i for i in deleted if i in sent])
                for record in await self._records(changed):
                    if whose not in (None, record.submitter):
                        continue
                    matches = _matches(record, capability, states)
                    if matches or record.id in sent:
                        news.jobs.append(self._message(record))
                    (sent.add if matches else sent.discard)(record.id)
                if news.jobs or news.deleted_ids:
                    yield news

    async def cancel(self, job_id: str) -> jobs_pb2.Job:
        """Tells a job to stop; nothing happens to one that has ended. Raises NotFound."""
        await self._seen(job_id)
        await self._cancel(job_id)
        return await self.get(job_id)

    async def _cancel(self, job_id: str) -> None:
        active = self._active.get(job_id)
        if active is None:
            return
        if self._lanes[active.record.capability].remove(job_id):
            await self._end(active, CANCELLED, _CANCELLED)
            return
        record = await self.store.set_cancelling(job_id)
        if record is not None and not active.ended.is_set():
            active.record = record
            self._watchers.changed(job_id)
            if active.work is not None:
                active.work.cancel()
            elif self._lanes[record.capability].remove(job_id):  # it was put back meanwhile
                await self._end(active, CANCELLED, _CANCELLED)

    async def delete(self, job_id: str) -> None:
        """Deletes a job that has ended, with its files. Raises NotFound, NotEnded."""
        await self._seen(job_id)
        await self.store.delete(job_id)

    async def retry(
        self, job_id: str, presence: str, on_leave: str, caller: Caller
    ) -> jobs_pb2.Job:
        """Submits an ended job's request again. Raises NotFound, NotEnded, and as submit()."""
        record = await self._seen(job_id)
        if not record.ended:
            raise NotEnded(job_id)
        request = await self.store.request_bytes(job_id)
        submission = Submission(
            method=record.method,
            request=request,
            presence=presence,
            on_leave=on_leave,
            retry_of=job_id,
        )
        return await self.submit(submission, caller)

    async def update(self, job_id: str, on_leave: str | None, presence: str | None) -> jobs_pb2.Job:
        """Changes who watches over a job. Raises NotFound, InvalidArgument, HasEnded."""
        before = await self._seen(job_id)
        check_leaving(
            before.on_leave if on_leave is None else on_leave or KEEP,
            before.presence if presence is None else presence,
        )
        if on_leave is not None:
            on_leave = on_leave or KEEP
        active = self._active.get(job_id)
        after = await self.store.update(job_id, on_leave=on_leave, presence=presence)
        if after is None or active is None:
            raise HasEnded(job_id)
        active.record = after
        self._expect(after)
        self._watchers.changed(job_id)
        return self._message(after)

    async def file(self, job_id: str, name: str) -> StoredFile:
        """A file of a job. Raises NotFound, NotYet."""
        await self._seen(job_id)
        return await self.store.file(job_id, name)

    def preview_data(self, job_id: str) -> bytes:
        """The content of the newest preview; it lies in memory, unlike all other files."""
        return self.store.preview_data(job_id)

    @property
    def store(self) -> JobStore:
        """The store; there is one from start() on."""
        if self._store is None:
            raise RuntimeError("jobs are used before start()")
        return self._store

    # --- What happens to a job -------------------------------------------------------------------

    async def _take_up(self, record: JobRecord) -> None:
        """Lets an accepted job wait for its turn."""
        self._active[record.id] = _Active(record)
        lane = self._lanes.get(record.capability)
        if lane is None:
            # The capability was taken out of the settings; the job waits until it is back.
            self._active[record.id].live.wait("the settings have no such capability now")
            return
        self._expect(record)
        lane.put(record.id, _queue_of(record))
        self._watchers.changed(record.id)

    async def _run(self, job_id: str) -> None:
        """Gives a job to its worker once, and does what follows from how it comes out."""
        active = self._active[job_id]
        lane = self._lanes[active.record.capability]
        try:
            await self._attempt(active, lane)
        except DiskFull as full:
            await self._fail(active, full)
        except Exception:
            # Whatever it is, the job must not hang, and the next one gets its turn.
            log.exception("job %s failed inside the gateway", job_id)
            fault = AtelierError(f"the gateway failed; its log tells why under the id {job_id}")
            await self._fail(active, fault)

    async def _attempt(self, active: _Active, lane: JobLane) -> None:
        record = await self.store.mark_running(active.record.id)
        if record is None:
            return
        active.record = record
        active.live.begin()
        self._watchers.changed(record.id)
        self._metrics.started(record)
        attempt = self.store.attempt(record)
        began = time.monotonic()
        active.work = asyncio.create_task(self._work(active, attempt))
        if record.cancelling or active.record.cancelling:
            active.work.cancel()
        await asyncio.wait([active.work])
        work, active.work = active.work, None
        if work.cancelled():
            await self._stopped(active, attempt, lane)
            return
        match work.result():
            case Done():
                lane.worked()
                self._paces[record.capability].note(time.monotonic() - began)
                await self._end(active, SUCCEEDED, attempt=attempt)
            case Refused(status):
                lane.worked()
                await attempt.discard()
                await self._end(active, FAILED, status)
            case Lost() as lost:
                await attempt.discard()
                await self._lost(active, lost, lane)

    async def _work(self, active: _Active, attempt: Attempt) -> Outcome:
        record = active.record
        request = await self.store.request_bytes(record.id)
        return await self._runner.run(
            record, request, attempt, active.live, partial(self._watchers.changed, record.id)
        )

    async def _stopped(self, active: _Active, attempt: Attempt, lane: JobLane) -> None:
        """The attempt was cancelled: by a caller, or since the gateway ends."""
        await attempt.discard()
        if active.stopping and not active.record.cancelling:
            await self._wait_again(active, lane, "the gateway starts anew", uncount=True)
        else:
            await self._end(active, CANCELLED, _CANCELLED)

    async def _lost(self, active: _Active, lost: Lost, lane: JobLane) -> None:
        record = active.record
        if record.cancelling:
            await self._end(active, CANCELLED, _CANCELLED)
            return
        if lost.begun and record.attempts >= record.max_attempts:
            await self._fail(
                active,
                _AttemptsExhausted(
                    f"the {record.capability} worker was lost under each of "
                    f"{record.attempts} attempts, last: {lost.reason}"
                ),
            )
            return
        lane.pause(lost.pause_seconds)
        await self._wait_again(active, lane, lost.reason, uncount=not lost.begun)

    async def _wait_again(
        self, active: _Active, lane: JobLane, reason: str, *, uncount: bool
    ) -> None:
        record = await self.store.requeue(active.record.id, uncount_attempt=uncount)
        if record is None:
            return
        active.record = record
        active.live.wait(reason)
        if record.cancelling:
            await self._end(active, CANCELLED, _CANCELLED)
            return
        lane.put(record.id, _queue_of(record), first=True)
        self._watchers.changed(record.id)

    async def _fail(self, active: _Active, error: AtelierError) -> None:
        await self._end(active, FAILED, to_status(error, DOMAIN))

    async def _end(
        self,
        active: _Active,
        state: str,
        error: status_pb2.Status | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        ended = await self.store.end(active.record.id, state, error, attempt)
        if ended is not None:
            active.record = ended
            self._metrics.ended(ended)
        self._active.pop(active.record.id, None)
        active.ended.set()
        self._watchers.changed(active.record.id)

    # --- Inside ----------------------------------------------------------------------------------

    async def _follow_health(self) -> None:
        """A worker that is back ends its lane's pause."""
        with self._health.subscribe() as subscription:
            while not subscription.closed:
                for name in await subscription.changes():
                    if self._health[name].state not in _ABSENT:
                        self._came_back(name)

    def _came_back(self, name: str) -> None:
        generation = self._health[name].generation
        if self._generations.get(name) != generation:
            self._generations[name] = generation
            self._lanes[name].resume()

    def _placed(self, _capability: str, places: dict[str, int]) -> None:
        """Tells those whose place in the queue has changed."""
        for job_id, place in places.items():
            active = self._active.get(job_id)
            if active is not None and active.live.queue_position != place:
                active.live.queue_position = place
                self._watchers.changed(job_id)

    def _require_room(self, capability: str) -> None:
        waiting = sum(len(lane.queue) for lane in self._lanes.values())
        if waiting >= self._settings.queue_size:
            self._metrics.refused(capability)
            raise QueueFull(self._paces[capability].seconds)

    def _waiting_since(self) -> dict[str, float]:
        """When the first waiting job of each capability was accepted."""
        since: dict[str, float] = {}
        # A copy, since the metrics ask from a thread of their own.
        for active in list(self._active.values()):
            record = active.record
            if record.state == QUEUED:
                first = since.get(record.capability, record.create_time)
                since[record.capability] = min(first, record.create_time)
        return since

    def _expect(self, record: JobRecord) -> None:
        if record.on_leave == DROP:
            self._presences.expect(record.presence)

    def _left(self, presence: str) -> None:
        """A submitter has left for good: what was to be dropped is cancelled."""
        for active in list(self._active.values()):
            record = active.record
            if record.presence == presence and record.on_leave == DROP:
                self._spawn(self._cancel(record.id))

    def _interrupt(self) -> None:
        for active in self._active.values():
            if active.work is not None:
                active.stopping = True
                active.work.cancel()

    def _deleted(self, job_ids: tuple[str, ...]) -> None:
        self._watchers.deleted(job_ids)

    async def _record(self, job_id: str) -> JobRecord:
        active = self._active.get(job_id)
        return active.record if active is not None else await self.store.get(job_id)

    async def _seen(self, job_id: str) -> JobRecord:
        """The record, for the caller of the running call. Raises NotFound if it is not his."""
        record = await self._record(job_id)
        if self._whose() not in (None, record.submitter):
            raise NotFound("job", job_id[:64])
        return record

    def _whose(self) -> str | None:
        """Whose jobs the caller of the running call may see; None for everybody's."""
        return current.get().name if self._settings.private else None

    async def _records(self, job_ids: Iterable[str]) -> list[JobRecord]:
        found = []
        for job_id in job_ids:
            with contextlib.suppress(NotFound):
                found.append(await self._record(job_id))
        return found

    async def _first_look(
        self, job_id: str, capability: str, states: Collection[str]
    ) -> list[JobRecord]:
        if job_id:
            return [await self._seen(job_id)]
        return await self.store.first_look(capability, states, submitter=self._whose())

    def _message(self, record: JobRecord) -> jobs_pb2.Job:
        active = self._active.get(record.id)
        if active is None:
            return job_message(record)
        return job_message(active.record, active.live, self.store.preview(record.id))

    def _spawn(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _matches(record: JobRecord, capability: str, states: Collection[str]) -> bool:
    return (not capability or record.capability == capability) and (
        not states or record.state in states
    )


def _queue_of(record: JobRecord) -> str:
    """Whose turn it is when this job runs: the key's, or without keys the page's that sent it."""
    return record.submitter or record.presence
