"""The jobs that have not ended, as they are in memory. Knows no store and no worker."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.gateway.jobs.live import LiveState
from services.gateway.jobs.record import QUEUED, JobRecord


@dataclass(eq=False)
class ActiveJob:
    """A job that has not ended."""

    record: JobRecord
    live: LiveState = field(default_factory=LiveState)
    work: "asyncio.Task[object] | None" = None
    """The attempt that runs."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has ended, or this gateway takes it no further."""


class ActiveJobs:
    """All of them by their ids."""

    def __init__(self) -> None:
        self._jobs: dict[str, ActiveJob] = {}

    def __iter__(self) -> Iterator[ActiveJob]:
        # A copy: the metrics ask from a thread of their own, and who goes through them may await.
        return iter(list(self._jobs.values()))

    def __getitem__(self, job_id: str) -> ActiveJob:
        return self._jobs[job_id]

    def get(self, job_id: str) -> ActiveJob | None:
        """The job; None if it has ended, or never was."""
        return self._jobs.get(job_id)

    def add(self, record: JobRecord) -> ActiveJob:
        """A job begins its course."""
        active = self._jobs[record.id] = ActiveJob(record)
        return active

    def remove(self, active: ActiveJob) -> None:
        """A job has ended; who waits for that is told."""
        self._jobs.pop(active.record.id, None)
        active.over.set()

    def waiting_since(self) -> dict[str, float]:
        """When the first waiting job of each capability was accepted; seconds since 1970."""
        since: dict[str, float] = {}
        for active in self:
            record = active.record
            if record.state == QUEUED:
                first = since.get(record.capability, record.create_time)
                since[record.capability] = min(first, record.create_time)
        return since
