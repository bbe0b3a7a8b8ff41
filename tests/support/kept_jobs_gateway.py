"""Gateways that keep jobs, one after the other in the same folder, and a client of each."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.message import Message

from atelier.image.v1 import image_pb2
from atelier.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from services.common.settings import CapabilityRow
from services.common.settings_jobs import JobSettings
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.record import ENDED
from services.gateway.jobs.store import JobStore
from tests.support.gateways import RunningGateway, running_gateway

DRAW = "atelier.image.v1.ImageService/GenerateImage"
FILM = "atelier.videogen.v1.VideogenService/GenerateVideo"
SAY = "atelier.echo.v1.EchoService/Say"
REPEAT = "atelier.echo.v1.EchoService/Repeat"
_PATIENCE_SECONDS = 60


def image_row(port: int) -> CapabilityRow:
    return CapabilityRow(
        name="image", service="atelier.image.v1.ImageService", port=port, metrics_port=0
    )


def videogen_row(port: int) -> CapabilityRow:
    return CapabilityRow(
        name="videogen", service="atelier.videogen.v1.VideogenService", port=port, metrics_port=0
    )


def order(prompt: str = "a red apple", seed: int | None = 7, **fields: Any) -> Message:
    """A request for a picture, as the fake painter takes it."""
    return image_pb2.GenerateImageRequest(prompt=prompt, seed=seed, **fields)


def job_of(operation: operations_pb2.Operation) -> jobs_pb2.Job:
    job = jobs_pb2.Job()
    assert operation.metadata.Unpack(job)
    return job


@dataclass
class JobClient:
    """A running gateway's jobs, as a client sees them."""

    running: RunningGateway

    @cached_property
    def jobs(self) -> Any:
        return jobs_pb2_grpc.JobServiceStub(self.running.channel)

    @cached_property
    def operations(self) -> Any:
        return operations_pb2_grpc.OperationsStub(self.running.channel)

    @property
    def inside(self) -> Jobs:
        return self.running.gateway.jobs

    @property
    def store(self) -> JobStore:
        return self.inside._store

    async def submit(
        self, request: Message | None = None, method: str = DRAW, **fields: Any
    ) -> jobs_pb2.Job:
        """The accepted job; `fields` are SubmitJobRequest's."""
        submission = jobs_pb2.SubmitJobRequest(method=method, **fields)
        submission.request.Pack(order() if request is None else request)
        return job_of(await self.jobs.SubmitJob(submission))

    async def get(self, job: jobs_pb2.Job) -> jobs_pb2.Job:
        return await self.jobs.GetJob(jobs_pb2.GetJobRequest(id=job.id))

    async def cancel(self, job: jobs_pb2.Job) -> None:
        await self.operations.CancelOperation(
            operations_pb2.CancelOperationRequest(name=f"operations/{job.id}")
        )

    async def stopped(self, job: jobs_pb2.Job) -> jobs_pb2.Job:
        """The job, cancelled and ended."""
        await self.cancel(job)
        return await self.ended(job)

    async def listed(self, **fields: Any) -> list[jobs_pb2.Job]:
        answer = await self.jobs.ListJobs(jobs_pb2.ListJobsRequest(**fields))
        return list(answer.jobs)

    async def ended(self, job: jobs_pb2.Job) -> jobs_pb2.Job:
        """The job once it has ended."""
        return await self.until(job, lambda now: now.state in ENDED)

    async def until(
        self, job: jobs_pb2.Job, condition: Callable[[jobs_pb2.Job], object]
    ) -> jobs_pb2.Job:
        """The job as soon as the condition holds for it."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for now in self.states(job):
                if condition(now):
                    return now
        raise AssertionError(f"the job ended without that: {await self.get(job)}")

    async def states(self, job: jobs_pb2.Job) -> AsyncIterator[jobs_pb2.Job]:
        """The job as a watch shows it, to its end."""
        call = self.jobs.WatchJobs(jobs_pb2.WatchJobsRequest(id=job.id))
        try:
            async for answer in call:
                for now in answer.jobs:
                    yield now
        finally:
            call.cancel()

    @asynccontextmanager
    async def watch(self, **fields: Any) -> AsyncIterator["Watcher"]:
        call = self.jobs.WatchJobs(jobs_pb2.WatchJobsRequest(**fields))
        try:
            yield Watcher(call)
        finally:
            call.cancel()


class Turnstile(threading.Event):
    """In place of a fake worker's `go`: lets so many steps pass and holds the next one."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def wait(self, timeout: float | None = None) -> bool:
        if self._steps and not self.is_set():
            self._steps -= 1
            return True
        return super().wait(timeout)


class Watcher:
    """What a watch has shown so far: each job as it was told last."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.jobs: dict[str, jobs_pb2.Job] = {}
        self.deleted: list[str] = []

    async def next(self) -> jobs_pb2.WatchJobsResponse:
        answer = await asyncio.wait_for(self.call.read(), _PATIENCE_SECONDS)
        assert answer is not grpc.aio.EOF, "the watch has ended"
        self.jobs |= {job.id: job for job in answer.jobs}
        self.deleted += answer.deleted_ids
        for job_id in answer.deleted_ids:
            self.jobs.pop(job_id, None)
        return answer

    async def caught_up(self) -> "Watcher":
        while not (await self.next()).caught_up:
            pass
        return self

    async def until(self, condition: Callable[["Watcher"], object]) -> "Watcher":
        while not condition(self):
            await self.next()
        return self


@asynccontextmanager
async def job_gateway(
    folder: Path, *rows: CapabilityRow, **settings: Any
) -> AsyncIterator[JobClient]:
    """A gateway that keeps its jobs in the folder; `settings` are those of jobs."""
    jobs = JobSettings(folder=str(folder), **settings)
    async with running_gateway(0, rows, jobs=jobs, keepalive_seconds=1.0) as running:
        yield JobClient(running)
