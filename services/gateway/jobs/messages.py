"""Records of jobs as messages. Knows the proto and the URLs, no database."""

from collections.abc import Iterable, Iterator, MutableSequence

from google.longrunning import operations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2

from atelier.jobs.v1 import jobs_pb2
from services.gateway.jobs.live import LiveState
from services.gateway.jobs.record import QUEUED, RUNNING, SUCCEEDED, JobRecord, StoredFile

OPERATIONS = "operations/"
"""What the names of operations begin with; the job's id follows."""
MAX_BATCH_BYTES = 2 * 1024 * 1024
"""Clients of gRPC take messages of 4 MiB unless told otherwise; a job alone may be larger."""


def job_message(
    record: JobRecord, live: LiveState | None = None, preview: StoredFile | None = None
) -> jobs_pb2.Job:
    """The job as callers see it; `live` and `preview` are of a job that has not ended."""
    job = jobs_pb2.Job(
        id=record.id,
        capability=record.capability,
        method=record.method,
        request=_readable(AnyMessage.FromString(record.request)),
        inputs=[file_message(record.id, item) for item in record.files if _is_input(item)],
        state=record.state,
        create_time=_time(record.create_time),
        start_time=_time(record.start_time),
        end_time=_time(record.end_time),
        attempts=record.attempts,
        max_attempts=record.max_attempts,
        presence=record.presence,
        on_leave=record.on_leave,
        submitter=record.submitter,
        retry_of=record.retry_of,
        cancelling=record.cancelling and not record.ended,
    )
    _add_end(job, record)
    if not record.ended:
        if live is not None:
            _add_live(job, live)
        if preview is not None:
            job.preview.CopyFrom(file_message(record.id, preview))
    return job


def in_batches(
    found: Iterable[jobs_pb2.Job], limit_bytes: int = MAX_BATCH_BYTES
) -> Iterator[list[jobs_pb2.Job]]:
    """The jobs in lists that have at most so many bytes, or one job; no list is empty."""
    batch: list[jobs_pb2.Job] = []
    size_bytes = 0
    for job in found:
        job_bytes = job.ByteSize()
        if batch and size_bytes + job_bytes > limit_bytes:
            yield batch
            batch, size_bytes = [], 0
        batch.append(job)
        size_bytes += job_bytes
    if batch:
        yield batch


def operation_message(job: jobs_pb2.Job) -> operations_pb2.Operation:
    """The job's operation: the job is the metadata."""
    operation = operations_pb2.Operation(name=f"{OPERATIONS}{job.id}")
    operation.metadata.Pack(job)
    if job.state == SUCCEEDED:
        operation.done = True
        operation.response.Pack(job.result)
    elif job.HasField("error"):
        operation.done = True
        operation.error.CopyFrom(job.error)
    return operation


def file_message(job_id: str, file: StoredFile) -> jobs_pb2.JobFile:
    """A file with its URL; a preview's changes with its content, so no cache shows an old one."""
    version = f"?v={file.sha256[:12]}" if file.name == "preview" else ""
    return jobs_pb2.JobFile(
        name=file.name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        url=f"/v1/jobs/{job_id}/{file.name}{version}",
        sha256=file.sha256,
    )


def _add_end(job: jobs_pb2.Job, record: JobRecord) -> None:
    if record.error:
        job.error.CopyFrom(status_pb2.Status.FromString(record.error))
        _leave_readable(job.error.details)
    if record.state == SUCCEEDED:
        job.result.CopyFrom(jobs_pb2.JobResult.FromString(record.result))
        _leave_readable(job.result.messages)
    small = next((item for item in record.files if item.name == "thumbnail"), None)
    if small is not None:
        job.thumbnail.CopyFrom(file_message(record.id, small))


def _add_live(job: jobs_pb2.Job, live: LiveState) -> None:
    if job.state == RUNNING:
        job.phase = live.phase
        job.step, job.total_steps = live.step, live.total_steps
        if live.estimated_remaining_seconds is not None:
            job.estimated_remaining.CopyFrom(_duration(live.estimated_remaining_seconds))
    elif job.state == QUEUED:
        job.waiting_reason = live.waiting_reason
        if live.queue_position is not None:
            job.queue_position = live.queue_position


def _readable(packed: AnyMessage) -> AnyMessage | None:
    """The message, if this gateway knows its type.

    One of a capability that the settings no longer have could not be shown as JSON, and would take
    the whole list with it.
    """
    try:
        descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    except KeyError:
        return None
    return packed


def _leave_readable(messages: MutableSequence[AnyMessage]) -> None:
    unreadable = [place for place, item in enumerate(messages) if _readable(item) is None]
    for place in reversed(unreadable):
        del messages[place]


def _is_input(file: StoredFile) -> bool:
    return file.name.startswith("inputs/")


def _time(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    time = Timestamp()
    time.FromMicroseconds(round(seconds * 1e6))
    return time


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
