"""atelier.jobs.v1.JobService: messages to calls of Jobs, and back.

Never touches the call's context, so that both faces can call it.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from google.longrunning import operations_pb2

from atelier.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from services.common.errors import FieldViolation, InvalidArgument, NotFound
from services.gateway import caller
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.messages import file_message, operation_message
from services.gateway.jobs.record import STATES, StoredFile
from services.gateway.jobs.submission import packed_submission

CHUNK_BYTES = 1024 * 1024
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
# So often a watch sends at most: a model's steps may come faster than anyone looks.
_BREATH_SECONDS = 0.05


class JobServicer(jobs_pb2_grpc.JobServiceServicer):
    """Serves jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def SubmitJob(
        self, request: jobs_pb2.SubmitJobRequest, context: object
    ) -> operations_pb2.Operation:
        """See the proto."""
        submission = packed_submission(
            request.method,
            request.request,
            idempotency_key=request.idempotency_key,
            presence=request.presence,
            on_leave=request.on_leave,
        )
        return operation_message(await self._jobs.submit(submission, caller.current.get()))

    async def GetJob(self, request: jobs_pb2.GetJobRequest, context: object) -> jobs_pb2.Job:
        """See the proto."""
        return await self._jobs.get(request.id)

    async def ListJobs(
        self, request: jobs_pb2.ListJobsRequest, context: object
    ) -> jobs_pb2.ListJobsResponse:
        """See the proto."""
        check_states(request.states)
        size = checked_page_size(request.page_size)
        found, token = await self._jobs.page(
            request.capability, request.states, size, request.page_token
        )
        return jobs_pb2.ListJobsResponse(jobs=found, next_page_token=token)

    async def WatchJobs(
        self, request: jobs_pb2.WatchJobsRequest, context: object
    ) -> AsyncGenerator[jobs_pb2.WatchJobsResponse]:
        """See the proto."""
        check_states(request.states)
        watch = self._jobs.watch(
            request.id, request.capability, frozenset(request.states), request.presence
        )
        async with aclosing(watch) as responses:
            async for response in responses:
                yield response
                await asyncio.sleep(_BREATH_SECONDS)

    async def UpdateJob(self, request: jobs_pb2.UpdateJobRequest, context: object) -> jobs_pb2.Job:
        """See the proto."""
        return await self._jobs.update(
            request.id,
            request.on_leave if request.HasField("on_leave") else None,
            request.presence if request.HasField("presence") else None,
        )

    async def RetryJob(
        self, request: jobs_pb2.RetryJobRequest, context: object
    ) -> operations_pb2.Operation:
        """See the proto."""
        job = await self._jobs.retry(
            request.id, request.presence, request.on_leave, caller.current.get()
        )
        return operation_message(job)

    async def ReadFile(
        self, request: jobs_pb2.ReadFileRequest, context: object
    ) -> AsyncGenerator[jobs_pb2.ReadFileResponse]:
        """See the proto."""
        file = await self._jobs.file(request.id, request.file)
        async with aclosing(_chunks(file)) as chunks:
            # Before the file is told of, so that one that has just gone is not told of at all.
            first = await anext(chunks, b"")
            yield jobs_pb2.ReadFileResponse(file=file_message(request.id, file), data=first)
            async for data in chunks:
                yield jobs_pb2.ReadFileResponse(data=data)


def check_states(states: Collection[str]) -> None:
    """Raises InvalidArgument for a state that there is not."""
    for index, state in enumerate(states):
        if state not in STATES:
            text = f"there is no state '{state[:64]}'; states are {', '.join(STATES)}"
            raise InvalidArgument(FieldViolation(f"states[{index}]", text))


def checked_page_size(size: int) -> int:
    """The size of a page; the usual one for 0. Raises InvalidArgument."""
    if not 0 <= size <= MAX_PAGE_SIZE:
        text = f"must be from 1 to {MAX_PAGE_SIZE}, not {size}"
        raise InvalidArgument(FieldViolation("page_size", text))
    return size or DEFAULT_PAGE_SIZE


async def _chunks(file: StoredFile) -> AsyncGenerator[bytes]:
    """The file's content. It stays readable to its end also if the job is deleted meanwhile."""
    if file.in_memory:
        yield file.data
        return
    try:
        content = await asyncio.to_thread(file.path.open, "rb")
    except FileNotFoundError:
        raise NotFound("file", file.name[:64]) from None
    with content:
        while data := await asyncio.to_thread(content.read, CHUNK_BYTES):
            yield data
