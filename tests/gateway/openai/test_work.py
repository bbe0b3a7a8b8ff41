"""Waiting for a job on behalf of somebody, who may leave."""

import asyncio
from typing import Any

import pytest

from atelier.jobs.v1 import jobs_pb2
from services.common.errors import GpuOutOfMemory, to_status
from services.gateway.bridge.backend import CallFailed
from services.gateway.caller import Caller
from services.gateway.jobs.submission import Submission
from services.gateway.openai.work import Jobs, finished

SUBMISSION = Submission(method="a.B/C", request=b"")


class OneJob:
    """Jobs with a single one, whose end the test decides."""

    def __init__(self) -> None:
        self.job = jobs_pb2.Job(id="1", state="queued")
        self.changed = asyncio.Event()
        self.waits = 0
        self.cancelled = False

    async def submit(self, submission: Submission, caller: Caller) -> jobs_pb2.Job:
        return self.job

    async def wait(self, job_id: str, timeout_seconds: float | None) -> jobs_pb2.Job:
        self.waits += 1
        await self.changed.wait()
        self.changed.clear()
        return self.job

    async def cancel(self, job_id: str) -> None:
        self.cancelled = True

    def become(self, state: str) -> None:
        self.job.state = state
        self.changed.set()


def waiting(jobs: OneJob) -> "asyncio.Task[jobs_pb2.Job]":
    as_jobs: Any = jobs
    checked: Jobs = as_jobs
    return asyncio.create_task(finished(checked, SUBMISSION))


async def until(jobs: OneJob, waits: int) -> None:
    while jobs.waits < waits:
        await asyncio.sleep(0)


async def test_a_wait_that_was_too_short_is_begun_anew() -> None:
    jobs = OneJob()
    task = waiting(jobs)
    await until(jobs, 1)
    jobs.become("running")
    await until(jobs, 2)
    jobs.become("succeeded")
    assert (await task).id == "1"
    assert not jobs.cancelled


async def test_a_job_that_fails_is_told_like_a_call_that_failed() -> None:
    jobs = OneJob()
    task = waiting(jobs)
    jobs.job.error.CopyFrom(to_status(GpuOutOfMemory("too small"), "image.atelier"))
    jobs.become("failed")
    with pytest.raises(CallFailed, match="too small"):
        await task


async def test_who_leaves_takes_the_job_along() -> None:
    jobs = OneJob()
    task = waiting(jobs)
    await until(jobs, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert jobs.cancelled
