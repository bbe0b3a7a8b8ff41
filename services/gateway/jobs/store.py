"""Keeps jobs: rows in the database and files beside it, neither ever without the other.

Every change of a job's state is one transaction that says from which state it goes, so a job ends
exactly once. Files are whole before a row names them (files.py). Knows no worker and no queue.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from google.protobuf import symbol_database
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2
from sqlalchemy import Connection, delete, func, insert, select, update

from services.common.errors import FieldViolation, InvalidArgument, NotFound
from services.common.settings import ROOT
from services.common.settings_jobs import JobSettings
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.contents import FilePart, media_type_of, put_files, take_files
from services.gateway.jobs.database import Database
from services.gateway.jobs.files import JobFolder
from services.gateway.jobs.identity import new_id
from services.gateway.jobs.messages import file_message
from services.gateway.jobs.record import (
    CANCELLED,
    ENDED,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    IdempotencyKeyReused,
    JobRecord,
    NewJob,
    NotEnded,
    NotYet,
    Page,
    StoredFile,
)
from services.gateway.jobs.retention import Kept, to_evict
from services.gateway.jobs.rows import add_files, fetch, fetch_one, micro, sets_of_files
from services.gateway.jobs.schema import jobs

T = TypeVar("T")
_INPUTS = "inputs"
_FIRST_LOOK_ENDED = 200
_CANCELLED = status_pb2.Status(code=code_pb2.CANCELLED, message="the job was cancelled")


class JobStore:
    """Use from one event loop. Made by open()."""

    def __init__(
        self, settings: JobSettings, on_deleted: Callable[[tuple[str, ...]], None]
    ) -> None:
        self._settings = settings
        self._on_deleted = on_deleted
        folder = ROOT / settings.folder  # an absolute folder stays as it is
        self._folder = JobFolder(folder)
        self._database = Database(settings.database or f"sqlite:///{folder / 'jobs.sqlite3'}")
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="jobs-disk")
        self._previews: dict[str, StoredFile] = {}
        self._preview_data: dict[str, bytes] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.stored_bytes = 0
        """The bytes of all files of all jobs."""
        self.evicted_total = 0
        """How many jobs had to go to make room."""

    @classmethod
    async def open(
        cls, settings: JobSettings, on_deleted: Callable[[tuple[str, ...]], None]
    ) -> Self:
        """Opens the folder and the database, and removes what a crash has left.

        `on_deleted` hears of jobs that were deleted or evicted. Raises SettingsError.
        """
        store = cls(settings, on_deleted)
        try:
            await store._database.migrate()
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
        except BaseException:
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
        return await self._on_disk(partial(_whole_request, record))

    # --- Looking ---------------------------------------------------------------------------------

    async def get(self, job_id: str) -> JobRecord:
        """The job. Raises NotFound."""
        record = await self._read(
            partial(fetch_one, job_id=job_id, folder=self._folder.files),
        )
        if record is None:
            raise NotFound("job", job_id[:64])
        return record

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
        query = select(jobs).order_by(jobs.c.sequence.desc()).limit(page_size + 1)
        if page_token:
            query = query.where(jobs.c.sequence < _token(page_token))
        if submitter is not None:
            query = query.where(jobs.c.submitter == submitter)
        if capability:
            query = query.where(jobs.c.capability == capability)
        if states:
            query = query.where(jobs.c.state.in_(states))
        found = await self._read(partial(fetch, query=query, folder=self._folder.files))
        page = found[:page_size]
        more = len(found) > page_size
        return Page(tuple(page), f"{page[-1].sequence:x}" if more else "")

    async def first_look(
        self, capability: str = "", states: Collection[str] = (), *, submitter: str | None = None
    ) -> list[JobRecord]:
        """All jobs that have not ended and the newest of those that have, the newest first.

        Those of one submitter, or with None of all.
        """
        going = [state for state in (QUEUED, RUNNING) if not states or state in states]
        over = [state for state in sorted(ENDED) if not states or state in states]
        newest = select(jobs).order_by(jobs.c.sequence.desc())
        if submitter is not None:
            newest = newest.where(jobs.c.submitter == submitter)
        if capability:
            newest = newest.where(jobs.c.capability == capability)
        queries = [
            newest.where(jobs.c.state.in_(going)),
            newest.where(jobs.c.state.in_(over)).limit(_FIRST_LOOK_ENDED),
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
        """The newest preview of a job that runs; its content is preview_data's."""
        return self._previews.get(job_id)

    def preview_data(self, job_id: str) -> bytes:
        """The content of the newest preview, which is kept in memory only; empty if none."""
        return self._preview_data.get(job_id, b"")

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

        Those that had been told to stop are ended. Returns all that wait, in order of acceptance.
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
        return await self._move(job_id, (QUEUED, RUNNING), values)

    async def end(
        self,
        job_id: str,
        state: str,
        error: status_pb2.Status | None = None,
        attempt: Attempt | None = None,
    ) -> JobRecord | None:
        """Ends a job, with what its attempt has finished if it succeeded.

        None if it had ended before; then the attempt's files are removed. Raises DiskFull.
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
        if attempt is not None and (record is None or state != SUCCEEDED):
            await attempt.discard()
        if record is not None:
            self.stored_bytes += _size(stored)
            await self.evict()
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

        gone = to_evict(await self._read(ended), self._settings, time.time())
        if gone:
            self.evicted_total += len(gone)
            await self._delete(tuple(gone))

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

    async def _delete(self, ids: tuple[str, ...]) -> None:
        """Rows first: files without rows are only untidy."""

        def remove(connection: Connection) -> list[tuple[str, str, int]]:
            columns = (jobs.c.capability, jobs.c.state, jobs.c.stored_bytes)
            query = select(*columns).where(jobs.c.id.in_(ids), jobs.c.end_time.is_not(None))
            rows = [tuple(row) for row in connection.execute(query)]
            connection.execute(delete(jobs).where(jobs.c.id.in_(ids), jobs.c.end_time.is_not(None)))
            return rows

        for capability, state, size in await self._database.write(remove):
            self._counts[capability, state] -= 1
            self.stored_bytes -= size
        for job_id in ids:
            await self._on_disk(partial(self._folder.remove_job, job_id))
        self._on_deleted(ids)

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
        self._preview_data[job_id] = data
        self._previews[job_id] = StoredFile(
            name="preview",
            content_type=content_type,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            in_memory=True,
        )

    def _forget_preview(self, job_id: str) -> None:
        self._previews.pop(job_id, None)
        self._preview_data.pop(job_id, None)

    async def _read(self, act: Callable[[Connection], T]) -> T:
        return await self._database.read(act)

    async def _on_disk(self, act: Callable[[], T]) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._disk, act)
        return await asyncio.shield(future)


def _recover(connection: Connection) -> None:
    now = micro(time.time())
    stopped = (jobs.c.state.in_((QUEUED, RUNNING)), jobs.c.cancelling)
    connection.execute(
        update(jobs)
        .where(*stopped)
        .values(state=CANCELLED, end_time=now, error=_CANCELLED.SerializeToString())
    )
    connection.execute(update(jobs).where(jobs.c.state == RUNNING).values(state=QUEUED))


def _whole_request(record: JobRecord) -> bytes:
    packed = AnyMessage.FromString(record.request)
    request: Message = symbol_database.Default().GetSymbol(packed.TypeName())()
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
    try:
        return int(text, 16)
    except ValueError:
        raise InvalidArgument(
            FieldViolation("page_token", "is none that this gateway gave; leave it out to begin")
        ) from None
