"""Tells those who watch which jobs have changed. Knows ids, and whose the gone ones were.

Like the health map's subscriptions: a slow reader misses intermediate states, never the latest.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from services.gateway.jobs.record import GoneJob


class Watch:
    """What has changed since a reader looked last."""

    def __init__(self) -> None:
        self._changed: dict[str, None] = {}
        self._deleted: dict[str, GoneJob] = {}
        self._news = asyncio.Event()
        self.closed = False
        """Whether there will be no more changes."""

    async def news(self) -> tuple[list[str], list[GoneJob]]:
        """Waits for news; returns the ids of changed jobs, and the deleted ones, each once.

        Both are empty only once the watchers were closed.
        """
        if not self.closed:
            await self._news.wait()
        changed, deleted = list(self._changed), list(self._deleted.values())
        self._changed.clear()
        self._deleted.clear()
        if not self.closed:
            self._news.clear()
        return changed, deleted

    def tell(self, job_id: str) -> None:
        """Notes a change."""
        self._changed[job_id] = None
        self._news.set()

    def tell_deleted(self, gone: Iterable[GoneJob]) -> None:
        """Notes that jobs are gone."""
        for job in gone:
            self._changed.pop(job.id, None)
            self._deleted[job.id] = job
        self._news.set()

    def close(self) -> None:
        """Lets news() return now and ever after."""
        self.closed = True
        self._news.set()


class Watchers:
    """All who watch, those of a single job apart: most jobs are watched by nobody."""

    def __init__(self) -> None:
        self._of_all: set[Watch] = set()
        self._of_one: dict[str, set[Watch]] = {}
        self._closed = False

    @contextmanager
    def watch(self, job_id: str = "") -> Iterator[Watch]:
        """A watch on one job, or on all; for as long as the context lasts."""
        watch = Watch()
        if self._closed:
            watch.close()
        group = self._of_one.setdefault(job_id, set()) if job_id else self._of_all
        group.add(watch)
        try:
            yield watch
        finally:
            group.discard(watch)
            if job_id and not group:
                self._of_one.pop(job_id, None)

    def changed(self, job_id: str) -> None:
        """A job has changed."""
        for watch in (*self._of_all, *self._of_one.get(job_id, ())):
            watch.tell(job_id)

    def deleted(self, gone: tuple[GoneJob, ...]) -> None:
        """Jobs are gone."""
        for watch in self._of_all:
            watch.tell_deleted(gone)
        for job in gone:
            for watch in self._of_one.get(job.id, ()):
                watch.tell_deleted((job,))

    def close(self) -> None:
        """Sends all who watch away, those who come later as well."""
        self._closed = True
        for watch in (*self._of_all, *(w for group in self._of_one.values() for w in group)):
            watch.close()
