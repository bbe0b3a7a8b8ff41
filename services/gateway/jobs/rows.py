"""Rows of the jobs' tables as records, and back. Knows the tables, begins no transaction."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, select

from services.gateway.jobs.record import JobRecord, StoredFile
from services.gateway.jobs.schema import files, jobs

_MICRO = 1_000_000


def fetch(connection: Connection, query: Select[Any], folder: Path) -> list[JobRecord]:
    """The jobs that a query of the jobs table finds, with their files, in the query's order."""
    rows = connection.execute(query).all()
    by_job: dict[int, list[StoredFile]] = {row.sequence: [] for row in rows}
    if by_job:
        found = select(files).where(files.c.job_sequence.in_(by_job)).order_by(files.c.number)
        for item in connection.execute(found):
            by_job[item.job_sequence].append(_file(item, folder))
    return [_record(row, by_job[row.sequence]) for row in rows]


def newest(limit: int | None, *conditions: ColumnElement[bool]) -> Select[Any]:
    """The newest jobs for which all conditions hold, the newest first.

    Who they are is found in an index; only these are read as a whole. `sequence + 0` keeps a
    database from walking through the jobs in their order until it has met enough of a rare kind.
    """
    found = select(jobs.c.sequence).where(*conditions)
    found = found.order_by((jobs.c.sequence + 0).desc()).limit(limit)
    these = found.subquery()
    query = select(jobs).join(these, these.c.sequence == jobs.c.sequence)
    return query.order_by(jobs.c.sequence.desc())


def fetch_one(connection: Connection, job_id: str, folder: Path) -> JobRecord | None:
    """The job with this id; None if there is none."""
    found = fetch(connection, select(jobs).where(jobs.c.id == job_id), folder)
    return found[0] if found else None


def add_files(
    connection: Connection, sequence: int, stored: Iterable[StoredFile], folder: Path
) -> None:
    """Adds the rows of a job's files, which must be whole by now."""
    values = [
        {
            "job_sequence": sequence,
            "name": item.name,
            "content_type": item.content_type,
            "size_bytes": item.size_bytes,
            "sha256": item.sha256,
            "path": str(item.path.relative_to(folder)),
        }
        for item in stored
    ]
    if values:
        connection.execute(insert(files), values)


def sets_of_files(connection: Connection) -> Sequence[str]:
    """The names of all sets of files that rows point into."""
    paths = connection.execute(select(files.c.path)).scalars()
    return sorted({path.partition("/")[0] for path in paths})


def micro(seconds: float) -> int:
    """Seconds as the tables have them."""
    return round(seconds * _MICRO)


def _record(row: Row[Any], stored: list[StoredFile]) -> JobRecord:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return JobRecord(
        id=values["id"],
        sequence=values["sequence"],
        capability=values["capability"],
        method=values["method"],
        request=values["request"],
        submitter=values["submitter"],
        presence=values["presence"],
        on_leave=values["on_leave"],
        idempotency_key=values["idempotency_key"] or "",
        retry_of=values["retry_of"],
        state=values["state"],
        cancelling=values["cancelling"],
        attempts=values["attempts"],
        max_attempts=values["max_attempts"],
        traceparent=values["traceparent"],
        create_time=values["create_time"] / _MICRO,
        start_time=_seconds(values["start_time"]),
        end_time=_seconds(values["end_time"]),
        error=values["error"],
        result=values["result"],
        files=tuple(stored),
    )


def _file(row: Row[Any], folder: Path) -> StoredFile:
    return StoredFile(
        name=row.name,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        path=folder / row.path,
    )


def _seconds(value: int | None) -> float | None:
    return None if value is None else value / _MICRO
