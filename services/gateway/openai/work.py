"""What the adapter needs of the jobs, and how a job that failed is told. Knows no capability."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

import grpc
from google.rpc import status_pb2

from atelier.jobs.v1 import jobs_pb2
from services.gateway.call_failed import CallFailed
from services.gateway.caller import Caller, current
from services.gateway.jobs.record import ENDED, StoredFile
from services.gateway.jobs.submission import Submission

_WAIT_SECONDS = 60.0
"""A wait that is longer is begun anew."""
_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class Jobs(Protocol):
    """The part of the gateway's jobs that is used here."""

    async def submit(self, submission: Submission, caller: Caller) -> jobs_pb2.Job:
        """Accepts a job; raises AtelierError."""
        ...

    async def get(self, job_id: str) -> jobs_pb2.Job:
        """A job; raises NotFound."""
        ...

    async def page(
        self, capability: str, states: Collection[str], page_size: int, page_token: str
    ) -> tuple[list[jobs_pb2.Job], str]:
        """A page of jobs, the newest first, and the next page's token."""
        ...

    async def delete(self, job_id: str) -> None:
        """Deletes an ended job and its files; raises NotFound."""
        ...

    async def file(self, job_id: str, name: str) -> StoredFile:
        """A file of a job; raises NotFound, or NotYet for one that may still come."""
        ...

    async def wait(self, job_id: str, timeout_seconds: float | None) -> jobs_pb2.Job:
        """The job once it has ended, or as it is after so long."""
        ...

    async def cancel(self, job_id: str) -> object:
        """Tells the job to stop."""
        ...


async def finished(jobs: Jobs, submission: Submission) -> jobs_pb2.Job:
    """Submits a job and gives it when it has succeeded; raises CallFailed when it has not.

    A caller that does not wait for its end takes the job with him: nobody else knows of it.
    """
    job = await jobs.submit(submission, current.get())
    try:
        job = await ended(jobs, job)
    except asyncio.CancelledError:
        await asyncio.shield(jobs.cancel(job.id))
        raise
    if job.state != "succeeded":
        raise error_of(job)
    return job


async def ended(jobs: Jobs, job: jobs_pb2.Job) -> jobs_pb2.Job:
    """The job once it has ended."""
    while job.state not in ENDED:
        job = await jobs.wait(job.id, _WAIT_SECONDS)
    return job


def error_of(job: jobs_pb2.Job) -> CallFailed:
    """Why a job did not succeed, as if its call had failed."""
    status = status_pb2.Status.FromString(job.error.SerializeToString())
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return CallFailed(code, status.message, details=status, capability=job.capability)
