"""What is kept of a job, as plain values, and what can go wrong in keeping it.

Knows no database, no folder and no message but in serialised form.
"""

from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.message import Message

from services.common.errors import AtelierError

QUEUED = "queued"
"""It waits for its turn at the gateway."""
RUNNING = "running"
"""It was given to its worker."""
SUCCEEDED = "succeeded"
"""It ended with a result."""
FAILED = "failed"
"""It ended with an error that another attempt would not mend."""
CANCELLED = "cancelled"
"""It was told to stop, and did."""

STATES = (QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED)
ENDED = frozenset((SUCCEEDED, FAILED, CANCELLED))

KEEP, DROP = "keep", "drop"


class DiskFull(AtelierError):
    """There is no room for what the job needs; what was there before is untouched."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    reason = "DISK_FULL"

    def __init__(self) -> None:
        super().__init__(
            "the gateway's disk is full; delete jobs that are no longer needed, then try again",
            retry_after_seconds=60.0,
        )


class IdempotencyKeyReused(AtelierError):
    """The key belongs to another request."""

    code = grpc.StatusCode.ALREADY_EXISTS
    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"the idempotency key belongs to job '{job_id}', whose request is another one; "
            "use a new key for a new request",
            metadata={"job": job_id},
        )


class AttemptsExhausted(AtelierError):
    """A job's worker, or the gateway, was lost under it too often."""

    code = grpc.StatusCode.UNAVAILABLE
    reason = "JOB_ATTEMPTS_EXHAUSTED"

    def __init__(self, attempts: int, last: str) -> None:
        super().__init__(
            f"its worker or the gateway was lost under each of its {attempts} attempts, "
            f"last: {last}; retry the job to have it begun anew"
        )


class NotYet(AtelierError):
    """The file will only be there later, if at all."""

    code = grpc.StatusCode.FAILED_PRECONDITION
    reason = "NOT_YET"

    def __init__(self, job_id: str, name: str) -> None:
        super().__init__(f"job '{job_id}' has no {name} yet; wait until it has succeeded")


class NotEnded(AtelierError):
    """Only a job that has ended can be deleted or retried."""

    code = grpc.StatusCode.FAILED_PRECONDITION
    reason = "JOB_NOT_ENDED"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job '{job_id}' has not ended; cancel it first, or wait for its end")


class HasEnded(AtelierError):
    """A job that has ended changes no more."""

    code = grpc.StatusCode.FAILED_PRECONDITION
    reason = "JOB_ENDED"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"job '{job_id}' has ended, so nothing of it can be changed")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A whole file of a job. `name` is as in ReadFileRequest.file, `path` absolute.

    A file `in_memory`, the preview of a job that runs, has `data` in place of a path.
    """

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    path: Path = Path()
    in_memory: bool = False
    data: bytes = b""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job as the store knows it. Times are seconds since 1970; bytes are serialised messages."""

    id: str
    sequence: int
    """Larger for every later job."""
    capability: str
    method: str
    request: bytes
    """A google.protobuf.Any of the request, with the content of its files left out."""
    submitter: str = ""
    presence: str = ""
    on_leave: str = KEEP
    idempotency_key: str = ""
    retry_of: str = ""
    state: str = QUEUED
    cancelling: bool = False
    attempts: int = 0
    max_attempts: int = 3
    traceparent: str = ""
    """The span that submitted it, as W3C's header names it; "" where nobody traces."""
    create_time: float = 0.0
    start_time: float | None = None
    end_time: float | None = None
    error: bytes = b""
    """A google.rpc.Status; empty if there is none."""
    result: bytes = b""
    """An atelier.jobs.v1.JobResult; empty if there is none."""
    files: tuple[StoredFile, ...] = field(default=())

    @property
    def ended(self) -> bool:
        """Whether it changes no more."""
        return self.state in ENDED


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What is accepted as a job."""

    capability: str
    method: str
    request: Message
    """The whole request, with everything drawn that decides the result."""
    fingerprint: str
    """Tells two requests apart; of the request as it came."""
    submitter: str = ""
    idempotency_key: str = ""
    presence: str = ""
    on_leave: str = KEEP
    retry_of: str = ""
    max_attempts: int = 3
    traceparent: str = ""


@dataclass(frozen=True)
class GoneJob:
    """A job that was deleted, or evicted to make room; whose it was decides who is told."""

    id: str
    capability: str
    submitter: str


@dataclass(frozen=True)
class Page:
    """A page of a list. `next_page_token` is empty on the last."""

    records: tuple[JobRecord, ...]
    next_page_token: str
