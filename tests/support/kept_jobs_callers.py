"""Callers who submit jobs and wait for their ends, whatever happens to the gateway meanwhile.

A caller whose call broke makes it again, as a client would; with an idempotency key where it must
not count twice.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc

from atelier.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from atelier.videogen.v1 import videogen_pb2
from services.gateway.jobs.record import ENDED, QUEUED
from tests.support.kept_jobs_filmer import METHOD
from tests.support.kept_jobs_gateway import job_of
from tests.support.kept_jobs_stack import KillableStack

_CALL_SECONDS = 10.0
_PATIENCE_SECONDS = 60.0
_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


@dataclass
class Asked:
    """A job as its caller knows it."""

    request: videogen_pb2.GenerateVideoRequest
    job: jobs_pb2.Job
    cancelled_at: int | None = None
    """When the gateway had said that it was told to stop, by the monotonic clock in nanoseconds."""
    ended: jobs_pb2.Job | None = None


@dataclass
class Callers:
    """All of them, and what they were told."""

    stack: KillableStack
    chance: random.Random
    asked: dict[str, Asked] = field(default_factory=dict)
    """By the ids of the jobs."""
    faults: list[str] = field(default_factory=list)
    broken_calls: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with each job that has ended for its caller."""
    put_back: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with each job that was begun and is seen to wait."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _lives: list["asyncio.Task[None]"] = field(default_factory=list)
    _watching: "asyncio.Task[None] | None" = None

    def begin(self, callers: int, jobs_at_once: int) -> None:
        """So many callers, each with so many jobs on the way at any time."""
        for caller in range(callers):
            for life in range(jobs_at_once):
                name = f"caller-{caller}"
                self._lives.append(asyncio.create_task(self._live(name, f"{name}-{life}")))
        self._watching = asyncio.create_task(self._watch())

    async def finish(self, patience_seconds: float) -> None:
        """Nobody submits any more; returns once every job has ended for its caller."""
        self._stop.set()
        try:
            async with asyncio.timeout(patience_seconds):
                await asyncio.gather(*self._lives)
        finally:
            for task in (*self._lives, *([self._watching] if self._watching else [])):
                task.cancel()
            await asyncio.gather(*self._lives, return_exceptions=True)

    async def some_have_ended(self, number: int) -> None:
        """Waits until so many more jobs have ended."""
        goal = self._ended() + number
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._ended() < goal:
                await self._news()

    async def one_waits_again(self) -> None:
        """Waits until a job that was begun is seen to wait."""
        self.put_back.clear()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self.put_back.wait()

    def _ended(self) -> int:
        return sum(one.ended is not None for one in self.asked.values())

    async def _news(self) -> None:
        self.told.clear()
        await self.told.wait()

    async def _live(self, caller: str, name: str) -> None:
        async with self.stack.channel() as channel:
            jobs: Any = jobs_pb2_grpc.JobServiceStub(channel)
            operations: Any = operations_pb2_grpc.OperationsStub(channel)
            number = 0
            while not self._stop.is_set():
                number += 1
                asked = await self._submit(jobs, caller, f"{name}-{number}")
                if self.chance.random() < 0.15:
                    await self._cancel(operations, asked)
                asked.ended = await self._end(operations, asked)
                self.told.set()

    async def _submit(self, jobs: Any, caller: str, key: str) -> Asked:
        request = videogen_pb2.GenerateVideoRequest(
            prompt=key, image=self.chance.randbytes(self.chance.randrange(0, 3000))
        )
        if self.chance.random() < 0.7:
            request.seed = self.chance.getrandbits(32)
        submission = jobs_pb2.SubmitJobRequest(method=METHOD, idempotency_key=key, presence=caller)
        submission.request.Pack(request)
        operation = await self._surely(lambda: jobs.SubmitJob(submission, **_PATIENT))
        job = job_of(operation)
        if job.id in self.asked:
            self.faults.append(f"{job.id} was given to two submits")
        self.asked[job.id] = Asked(request, job)
        return self.asked[job.id]

    async def _cancel(self, operations: Any, asked: Asked) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        request = operations_pb2.CancelOperationRequest(name=f"operations/{asked.job.id}")
        await self._surely(lambda: operations.CancelOperation(request, **_PATIENT))
        asked.cancelled_at = time.monotonic_ns()

    async def _end(self, operations: Any, asked: Asked) -> jobs_pb2.Job:
        request = operations_pb2.WaitOperationRequest(name=f"operations/{asked.job.id}")
        while True:
            operation = await self._surely(lambda: operations.WaitOperation(request, **_PATIENT))
            if operation.done:
                return job_of(operation)

    async def _surely(self, call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() not in _AGAIN:
                    raise
                self.broken_calls += 1
                # As RetryInfo and good manners ask for, if sooner.
                await asyncio.sleep(0.02)

    async def _watch(self) -> None:
        """Follows all jobs, and never sees one that has ended change."""
        ends: dict[str, jobs_pb2.Job] = {}
        async with self.stack.channel() as channel:
            jobs: Any = jobs_pb2_grpc.JobServiceStub(channel)
            while True:
                try:
                    async for answer in jobs.WatchJobs(
                        jobs_pb2.WatchJobsRequest(), wait_for_ready=True
                    ):
                        for job in answer.jobs:
                            known = ends.get(job.id)
                            if known is not None and known != job:
                                self.faults.append(f"{job.id} has changed after its end")
                            if job.state in ENDED:
                                ends[job.id] = job
                            elif job.state == QUEUED and job.attempts:
                                self.put_back.set()
                except grpc.aio.AioRpcError:
                    await asyncio.sleep(0.02)


_PATIENT = {"wait_for_ready": True, "timeout": _CALL_SECONDS}
