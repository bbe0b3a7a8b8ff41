"""Keeps jobs: rows in the database and files beside it, neither ever without the other.

Every change of a job's state is one transaction that says from which state it goes, so a job ends
exactly once. Files are whole before a row names them (files.py). Knows no worker and no queue.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from services.common.errors import FieldViolation, InvalidArgument, NotFound, to_status
from services.common.settings import ROOT
from services.common.settings_jobs import JobSettings
from services.gateway.dispatcher import DOMAIN
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.contents import FilePart, media_type_of, put_files, take_files
from services.gateway.jobs.database import Database
from services.gateway.jobs.files import JobFolder
from services.gateway.jobs.identity import new_id
from services.gateway.jobs.messages import file_message
from services.gateway.jobs.record import (
    CANCELLED,
    ENDED,
    FAILED,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    AttemptsExhausted,
    GoneJob,
    IdempotencyKeyReused,
    JobRecord,
    NewJob,
    NotEnded,
    NotYet,
    Page,
    StoredFile,
)
from services.gateway.jobs.retention import Kept, oldest_kept, to_evict
from services.gateway.jobs.rows import add_files, fetch, fetch_one, micro, newest, sets_of_files
from services.gateway.jobs.schema import jobs

log = logging.getLogger(__name__)
T = TypeVar("T")
OnDeleted = Callable[[tuple[GoneJob, ...]], None]
_INPUTS = "inputs"
_FIRST_LOOK_ENDED = 200
_CANCELLED = status_pb2.Status(code=code_pb2.CANCELLED, message="the job was cancelled")
_SQLITE_FILE = "jobs.sqlite3"
_TOKEN = re.compile(r"[0-9a-f]{1,15}")
_AT_ONCE = 500
"""So many ids one statement names at most; databases have limits."""


class JobStore:
    """Use from one event loop. Made by open()."""

    def __init__(self, settings: JobSettings, on_deleted: OnDeleted) -> None:
        self._settings = settings
        self._on_deleted = on_deleted
        folder = ROOT / settings.folder  # an absolute folder stays as it is
        self._database = Database(settings.database or f"sqlite:///{folder / _SQLITE_FILE}")
        self._folder = JobFolder(folder)
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="jobs-disk")
        self._previews: dict[str, StoredFile] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.stored_bytes = 0
        """The bytes of all files of all jobs."""
        self.evicted_total = 0
        """How many jobs had to go to make room."""

    @classmethod
    async def open(cls, settings: JobSettings, on_deleted: OnDeleted) -> Self:
        """Opens the folder and the database, and removes what a crash has left.

        `on_deleted` hears of jobs that were deleted or evicted. Raises SettingsError.
        """
        store = cls(settings, on_deleted)
        try:
            await store._database.migrate()
            store._folder.belong_to(store._database.name if settings.database else _SQLITE_FILE)
            known = await store._database.read(sets_of_files)
            await store._on_disk(partial(store._folder.remove_all_but, known))
            await store._database.read(store._count)
            await store.evict()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """Waits for what is under way, then lets go of the folder."""
        await self._database.close()
        await asyncio.to_thread(self._disk.shutdown)
        self._folder.close()

    # --- Accepting -------------------------------------------------------------------------------

    async def find(self, submitter: str, idempotency_key: str) -> JobRecord | None:
        """The job of this submitter with this key; None if there is none."""
        query = select(jobs).where(
            jobs.c.submitter == submitter, jobs.c.idempotency_key == idempotency_key
        )
        found = await self._read(partial(fetch, query=query, folder=self._folder.files))
        return found[0] if found else None

    async def add(self, new: NewJob) -> tuple[JobRecord, bool]:
        """Accepts a job: when it returns, the job outlives any crash.

        Returns the record, and False if the key's job was there already. Raises DiskFull, and
        IdempotencyKeyReused.
        """
        job_id = new_id()
        request = type(new.request)()
        request.CopyFrom(new.request)
        parts = take_files(request)
        stored = await self._on_disk(partial(self._write_inputs, job_id, parts))
        try:
            record, is_new = await self._database.write(
                partial(self._insert, job_id, new, request, stored)
            )
        except Exception:
            # Not for a caller that is cancelled: what he no longer waits for may well be accepted.
            await self._on_disk(partial(self._folder.remove_job, job_id))
            raise
        if not is_new:
            await self._on_disk(partial(self._folder.remove_job, job_id))
            return record, False
        self._counts[record.capability, QUEUED] += 1
        self.stored_bytes += _size(stored)
        return record, True

    async def request_bytes(self, job_id: str) -> bytes:
        """The whole request in serialised form, its files put back. Raises NotFound."""
        record = await self.get(job_id)
        try:
            return await self._on_disk(partial(_whole_request, record))
        except FileNotFoundError:
            raise NotFound("job", job_id[:64]) from None  # it was deleted meanwhile

    # --- Looking ---------------------------------------------------------------------------------

    async def get(self, job_id: str) -> JobRecord:
        """The job. Raises NotFound."""
        record = await self._read(
            partial(fetch_one, job_id=job_id, folder=self._folder.files),
        )
        if record is None:
            raise NotFound("job", job_id[:64])
        return record

    async def find_all(self, ids: Collection[str]) -> list[JobRecord]:
        """Those of the jobs that there are, in no order."""
        wanted = list(ids)
        found: list[JobRecord] = []
        for start in range(0, len(wanted), _AT_ONCE):
            query = select(jobs).where(jobs.c.id.in_(wanted[start : start + _AT_ONCE]))
            found += await self._read(partial(fetch, query=query, folder=self.files))
        return found

    async def page(
        self,
        capability: str = "",
        states: Collection[str] = (),
        page_size: int = 50,
        page_token: str = "",
        *,
        submitter: str | None = None,
    ) -> Page:
        """A page of jobs, the newest first; of one submitter, or with None of all.

        Raises InvalidArgument for a token that is none.
        """
        conditions = _matching(capability, states, submitter)
        if page_token:
            conditions.append(jobs.c.sequence < _token(page_token))
        query = newest(page_size + 1, *conditions)
        found = await self._read(partial(fetch, query=query, folder=self._folder.files))
        page = found[:page_size]
        more = len(found) > page_size
        return Page(tuple(page), page_token_after(page[-1]) if more else "")

    async def first_look(
        self, capability: str = "", states: Collection[str] = (), *, submitter: str | None = None
    ) -> list[JobRecord]:
        """All jobs that have not ended and the newest of those that have, the newest first.

        Those of one submitter, or with None of all.
        """
        groups = ((QUEUED, RUNNING), None), (sorted(ENDED), _FIRST_LOOK_ENDED)
        asked = [([one for one in of if not states or one in states], most) for of, most in groups]
        queries = [
            newest(most, *_matching(capability, these, submitter)) for these, most in asked if these
        ]

        def look(connection: Connection) -> list[JobRecord]:
            found = [record for query in queries for record in fetch(connection, query, self.files)]
            return sorted(found, key=lambda record: record.sequence, reverse=True)

        return await self._read(look)

    async def file(self, job_id: str, name: str) -> StoredFile:
        """A file of a job by its name. Raises NotFound, or NotYet while it may still come."""
        record = await self.get(job_id)
        preview = self._previews.get(job_id)
        if name == "preview" and preview is not None:
            return preview
        for item in record.files:
            if item.name == name:
                return item
        later = name in ("preview", "thumbnail") or name.startswith("results/")
        if later and not record.ended:
            raise NotYet(job_id, name[:64])
        raise NotFound("file", name[:64])

    def preview(self, job_id: str) -> StoredFile | None:
        """The newest preview of a job that runs; it is kept in memory only."""
        return self._previews.get(job_id)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many jobs there are, by capability and state."""
        return self._counts

    @property
    def files(self) -> Path:
        """The folder that the files' paths begin with."""
        return self._folder.files

    # --- Changing --------------------------------------------------------------------------------

    async def recover(self) -> list[JobRecord]:
        """Puts jobs that ran when the gateway was lost back into the queue.

        Those that had been told to stop are ended, and those that were begun as often as they may
        be. Returns all that wait, in order of acceptance.
        """
        await self._database.write(_recover)
        await self._database.read(self._count)
        query = select(jobs).where(jobs.c.state == QUEUED).order_by(jobs.c.sequence)
        return await self._read(partial(fetch, query=query, folder=self.files))

    def attempt(self, record: JobRecord) -> Attempt:
        """A new attempt at a job that runs."""
        return Attempt(
            self._folder.begin(f"{record.id}.{record.attempts}"),
            self._disk,
            inputs=record.files,
            on_preview=partial(self._set_preview, record.id),
        )

    async def mark_running(self, job_id: str) -> JobRecord | None:
        """Counts an attempt. None if the job does not wait."""
        values = {
            "state": RUNNING,
            "attempts": jobs.c.attempts + 1,
            "start_time": micro(time.time()),
        }
        return await self._move(job_id, (QUEUED,), values)

    async def requeue(self, job_id: str, *, uncount_attempt: bool) -> JobRecord | None:
        """Puts a job that ran back into the queue. None if it does not run."""
        self._forget_preview(job_id)
        less = 1 if uncount_attempt else 0
        values = {"state": QUEUED, "attempts": jobs.c.attempts - less}
        return await self._move(job_id, (RUNNING,), values)

    async def set_cancelling(self, job_id: str) -> JobRecord | None:
        """Notes that the job was told to stop. None if it has ended."""
        return await self._move(job_id, (QUEUED, RUNNING), {"cancelling": True})

    async def update(
        self, job_id: str, *, on_leave: str | None = None, presence: str | None = None
    ) -> JobRecord | None:
        """Changes who watches over the job, and what becomes of it then. None if it has ended."""
        given = {"on_leave": on_leave, "presence": presence}
        values = {key: value for key, value in given.items() if value is not None}
        if not values:
            record = await self.get(job_id)
            return None if record.ended else record
        return await self._move(job_id, (QUEUED, RUNNING), values)

    async def end(
        self,
        job_id: str,
        state: str,
        error: status_pb2.Status | None = None,
        attempt: Attempt | None = None,
    ) -> JobRecord | None:
        """Ends a job, with what its attempt has finished if it succeeded.

        None if it had ended before. Raises DiskFull. Whoever calls again, since he does not know
        whether the first call came through, gets the same answer.
        """
        values: dict[str, Any] = {"state": state, "end_time": micro(time.time())}
        if error is not None:
            values["error"] = error.SerializeToString()
        stored = attempt.files if attempt is not None and state == SUCCEEDED else ()
        if attempt is not None and state == SUCCEEDED:
            result = attempt.result(partial(file_message, job_id))
            values["result"] = result.SerializeToString()
            values["stored_bytes"] = jobs.c.stored_bytes + _size(stored)
        record = await self._move(job_id, (QUEUED, RUNNING), values, stored)
        self._forget_preview(job_id)
        if record is None:
            return await self._ended_by(job_id, state, stored)
        self.stored_bytes += _size(stored)
        try:
            await self.evict()
        except Exception:
            # Room is made with the next end again; this job has ended, and must be told of.
            log.exception("the oldest jobs could not be deleted")
        return record

    async def delete(self, job_id: str) -> None:
        """Deletes a job that has ended, and its files. Raises NotFound, NotEnded."""
        record = await self.get(job_id)
        if not record.ended:
            raise NotEnded(job_id)
        await self._delete((job_id,))

    async def evict(self) -> None:
        """Deletes the oldest ended jobs as far as the settings ask for it."""

        def ended(connection: Connection) -> list[Kept]:
            columns = (jobs.c.id, jobs.c.end_time, jobs.c.stored_bytes)
            query = select(*columns).where(jobs.c.end_time.is_not(None))
            rows = connection.execute(query.order_by(jobs.c.end_time.desc()))
            return [Kept(row.id, row.end_time / 1e6, row.stored_bytes) for row in rows]

        if not await self._is_too_much():
            return
        gone = to_evict(await self._read(ended), self._settings, time.time())
        for start in range(0, len(gone), _AT_ONCE):
            number = await self._delete(gone[start : start + _AT_ONCE])
            self.evicted_total += number

    # --- Inside ----------------------------------------------------------------------------------

    async def _move(
        self,
        job_id: str,
        states: Collection[str],
        values: Mapping[str, Any],
        stored: Collection[StoredFile] = (),
    ) -> JobRecord | None:
        """Changes a job that is in one of the states; None if it is not."""

        def move(connection: Connection) -> tuple[JobRecord, JobRecord] | None:
            before = fetch_one(connection, job_id, self.files)
            if before is None or before.state not in states:
                return None
            connection.execute(
                update(jobs).where(jobs.c.sequence == before.sequence).values(**values)
            )
            add_files(connection, before.sequence, stored, self.files)
            after = fetch_one(connection, job_id, self.files)
            return None if after is None else (before, after)

        moved = await self._database.write(move)
        if moved is None:
            return None
        before, after = moved
        if before.state != after.state:
            self._counts[before.capability, before.state] -= 1
            self._counts[after.capability, after.state] += 1
        return after

    async def _ended_by(
        self, job_id: str, state: str, stored: Collection[StoredFile]
    ) -> JobRecord | None:
        """The job if it was ended in this very way."""
        found = await self.find_all((job_id,))
        if not found or found[0].state != state:
            return None
        there = {item.path for item in found[0].files}
        return found[0] if all(item.path in there for item in stored) else None

    async def _is_too_much(self) -> bool:
        """Whether anything may have to go; the usual answer comes without a look at every job."""
        number = sum(count for (_, state), count in self._counts.items() if state in ENDED)
        room = self._settings.keep_mib * 1024 * 1024
        if number > self._settings.keep_count or self.stored_bytes > room:
            return True

        def first_end(connection: Connection) -> int | None:
            return connection.execute(select(func.min(jobs.c.end_time))).scalar()

        oldest = await self._read(first_end)
        return oldest is not None and oldest < micro(oldest_kept(self._settings, time.time()))

    def _insert(
        self, job_id: str, new: NewJob, request: Message, stored: tuple[StoredFile, ...],
        connection: Connection,
    ) -> tuple[JobRecord, bool]:  # fmt: skip
        if new.idempotency_key:
            same = select(jobs).where(
                jobs.c.submitter == new.submitter,
                jobs.c.idempotency_key == new.idempotency_key,
            )
            known = connection.execute(same).one_or_none()
            if known is not None:
                if known.fingerprint != new.fingerprint:
                    raise IdempotencyKeyReused(known.id)
                return fetch(connection, same, self.files)[0], False
        packed = AnyMessage()
        packed.Pack(request)
        connection.execute(
            insert(jobs).values(
                id=job_id,
                capability=new.capability,
                method=new.method,
                request=packed.SerializeToString(),
                fingerprint=new.fingerprint,
                submitter=new.submitter,
                idempotency_key=new.idempotency_key or None,
                presence=new.presence,
                on_leave=new.on_leave,
                retry_of=new.retry_of,
                state=QUEUED,
                cancelling=False,
                attempts=0,
                max_attempts=new.max_attempts,
                traceparent=new.traceparent,
                create_time=micro(time.time()),
                error=b"",
                result=b"",
                stored_bytes=_size(stored),
            )
        )
        sequence = connection.execute(select(jobs.c.sequence).where(jobs.c.id == job_id)).scalar()
        assert sequence is not None  # noqa: S101 - it was added just now
        add_files(connection, sequence, stored, self.files)
        record = fetch_one(connection, job_id, self.files)
        assert record is not None  # noqa: S101 - as above
        return record, True

    def _write_inputs(self, job_id: str, parts: list[FilePart]) -> tuple[StoredFile, ...]:
        new = self._folder.begin(f"{job_id}.{_INPUTS}")
        try:
            for part in parts:
                content_type = part.content_type or media_type_of(part.data)
                new.write(f"{_INPUTS}/{part.path}", part.data, content_type)
            return new.commit()
        except BaseException:
            new.discard()
            raise

    async def _delete(self, ids: Sequence[str]) -> int:
        """Deletes those that have ended; returns how many those were.

        Rows first: files without rows are only untidy.
        """
        these = (jobs.c.id.in_(ids), jobs.c.end_time.is_not(None))

        def remove(connection: Connection) -> Sequence[Row[Any]]:
            names = ("id", "capability", "submitter", "state", "stored_bytes")
            rows = connection.execute(select(*(jobs.c[name] for name in names)).where(*these)).all()
            connection.execute(delete(jobs).where(*these))
            return rows

        rows = await self._database.write(remove)
        for row in rows:
            self._counts[row.capability, row.state] -= 1
            self.stored_bytes -= row.stored_bytes
        self._on_deleted(tuple(GoneJob(row.id, row.capability, row.submitter) for row in rows))
        for row in rows:
            await self._on_disk(partial(self._folder.remove_job, row.id))
        return len(rows)

    def _count(self, connection: Connection) -> None:
        query = select(jobs.c.capability, jobs.c.state, func.count()).group_by(
            jobs.c.capability, jobs.c.state
        )
        self._counts = Counter(
            {(capability, state): number for capability, state, number in connection.execute(query)}
        )
        total = connection.execute(select(func.sum(jobs.c.stored_bytes))).scalar()
        self.stored_bytes = int(total or 0)

    def _set_preview(self, job_id: str, data: bytes, content_type: str) -> None:
        self._previews[job_id] = StoredFile(
            name="preview",
            content_type=content_type,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            in_memory=True,
            data=data,
        )

    def _forget_preview(self, job_id: str) -> None:
        self._previews.pop(job_id, None)

    async def _read(self, act: Callable[[Connection], T]) -> T:
        return await self._database.read(act)

    async def _on_disk(self, act: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._disk, act)
        return await asyncio.shield(future)


def page_token_after(record: JobRecord) -> str:
    """Asks for the page that begins behind this job."""
    return f"{record.sequence:x}"


def _matching(
    capability: str, states: Collection[str], submitter: str | None
) -> list[ColumnElement[bool]]:
    """What has to hold of a job; an empty capability, no states and no submitter mean any."""
    conditions: list[ColumnElement[bool]] = []
    if submitter is not None:
        conditions.append(jobs.c.submitter == submitter)
    if capability:
        conditions.append(jobs.c.capability == capability)
    if states:
        conditions.append(jobs.c.state.in_(states))
    return conditions


def _recover(connection: Connection) -> None:
    now = micro(time.time())
    stopped = (jobs.c.state.in_((QUEUED, RUNNING)), jobs.c.cancelling)
    connection.execute(
        update(jobs)
        .where(*stopped)
        .values(state=CANCELLED, end_time=now, error=_CANCELLED.SerializeToString())
    )
    exhausted = (jobs.c.state == RUNNING, jobs.c.attempts >= jobs.c.max_attempts)
    for row in connection.execute(select(jobs.c.sequence, jobs.c.attempts).where(*exhausted)).all():
        error = to_status(AttemptsExhausted(row.attempts, "the gateway was lost"), DOMAIN)
        values = {"state": FAILED, "end_time": now, "error": error.SerializeToString()}
        connection.execute(update(jobs).where(jobs.c.sequence == row.sequence).values(**values))
    connection.execute(update(jobs).where(jobs.c.state == RUNNING).values(state=QUEUED))


def _whole_request(record: JobRecord) -> bytes:
    packed = AnyMessage.FromString(record.request)
    kind = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    request: Message = message_factory.GetMessageClass(kind)()
    packed.Unpack(request)
    prefix = f"{_INPUTS}/"
    contents = {
        item.name.removeprefix(prefix): item.path.read_bytes()
        for item in record.files
        if item.name.startswith(prefix)
    }
    put_files(request, contents)
    return request.SerializeToString()


def _size(stored: Collection[StoredFile]) -> int:
    return sum(item.size_bytes for item in stored)


def _token(text: str) -> int:
    if _TOKEN.fullmatch(text) is None:
        raise InvalidArgument(
            FieldViolation("page_token", "is none that this gateway gave; leave it out to begin")
        )
    return int(text, 16)
