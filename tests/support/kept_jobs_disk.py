"""Disks that are full: for files, for the database, and for whatever a store wants to write."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, event

from services.gateway.jobs.database import Database
from services.gateway.jobs.record import DiskFull
from services.gateway.jobs.store import JobStore

T = TypeVar("T")


@contextmanager
def no_file_larger_than(size_bytes: int) -> Iterator[None]:
    """The system refuses to let any file of this process grow further, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def let_not_grow(database: Database) -> None:
    """SQLite refuses to make the database's file any larger, from now on."""

    def limit(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    event.listen(database._engine, "checkout", limit)


class FullDisk:
    """A store's database that can write nothing while `full`."""

    def __init__(self, store: JobStore) -> None:
        self.full = False
        self.refused = 0
        self._write = store._database.write
        store._database.write = self._refuse_or_write  # type: ignore[method-assign]

    async def _refuse_or_write(self, act: Callable[[Connection], T]) -> T:
        if self.full:
            self.refused += 1
            raise DiskFull
        return await self._write(act)
