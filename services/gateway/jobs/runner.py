"""One attempt at a job: the task at its worker, as any other task, and how it came out.

Goes through the dispatcher, so that the health map, the metrics and the logs see it as they see
every call. Knows nothing of queues, and does not write how the job ends.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import code_pb2, status_pb2

from atelier.common.v1 import progress_pb2
from services.common import call_id, tracing
from services.common.errors import AtelierError, InvalidArgument, error_info, to_status
from services.gateway import caller
from services.gateway.call_failed import CallFailed
from services.gateway.caller import Caller
from services.gateway.dispatcher import DOMAIN, Dispatcher, Route
from services.gateway.jobs.attempt import Attempt
from services.gateway.jobs.live import LiveState, event_of, is_progress
from services.gateway.jobs.record import JobRecord
from services.gateway.jobs.submission import task_route

_DEFAULT_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Done:
    """The worker has done its task, and the attempt's files are whole."""


@dataclass(frozen=True)
class Refused:
    """The task failed, and would fail again."""

    status: status_pb2.Status


@dataclass(frozen=True)
class Lost:
    """The task met no worker, or its worker was lost or is busy: another attempt is due."""

    reason: str
    """For people."""
    begun: bool
    """Whether a worker had the task, so that the attempt counts."""
    pause_seconds: float = _DEFAULT_PAUSE_SECONDS


Outcome = Done | Refused | Lost


class Runner:
    """Runs attempts through the dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def run(
        self,
        record: JobRecord,
        request: bytes,
        attempt: Attempt,
        live: LiveState,
        on_change: Callable[[], None],
    ) -> Outcome:
        """Runs the task to its end; `live` follows it, and `on_change` hears of each change.

        Cancelling the awaiting task cancels the task down to the worker.
        """
        # Whose request let it begin may be anybody's; it is its submitter's, and has its own id.
        caller.current.set(Caller(record.submitter))
        call_id.current.set(record.id)
        about: dict[str, tracing.Value] = {
            "atelier.job.id": record.id,
            "atelier.job.attempt": record.attempts,
            "atelier.capability": record.capability,
        }
        with tracing.active.root("job attempt", record.traceparent, about) as span:
            outcome = await self._attempt(record, request, attempt, live, on_change)
            span.set("atelier.job.outcome", type(outcome).__name__.lower())
            if isinstance(outcome, Refused):
                span.fail(code_pb2.Code.Name(outcome.status.code))
            return outcome

    async def _attempt(
        self,
        record: JobRecord,
        request: bytes,
        attempt: Attempt,
        live: LiveState,
        on_change: Callable[[], None],
    ) -> Outcome:
        try:
            route = task_route(record.method, self._dispatcher.routes)
        except InvalidArgument as gone:  # since it was accepted
            return Refused(to_status(gone, DOMAIN))
        connection = route.monitor.connection
        epoch = connection.epoch
        stood = connection.stands
        begun = False
        try:
            async with aclosing(self._responses(route, record, request)) as responses:
                async for response in responses:
                    begun = True
                    await _take(response, attempt, live, on_change)
            live.phase = "saving"
            on_change()
            await attempt.finish()
        except CallFailed as failure:
            moved = connection.epoch != epoch
            broke = moved or (stood and not connection.stands)
            return _judged(failure, begun=begun or stood or moved, broke=broke)
        except AtelierError as error:
            return Refused(to_status(error, DOMAIN))
        return Done()

    async def _responses(
        self, route: Route, record: JobRecord, request: bytes
    ) -> AsyncGenerator[Message]:
        method = descriptor_pool.Default().FindMethodByName(record.method.replace("/", "."))
        make: Any = message_factory.GetMessageClass(method.output_type)
        metadata = ((call_id.KEY, record.id),)
        call = self._dispatcher.begin(route, request, metadata, None)
        if not route.method.name.server_streaming:
            data, _, _ = await call.complete()
            yield make.FromString(data)
            return
        async with call:
            while (message := await call.read()) is not None:
                yield make.FromString(message)


async def _take(
    response: Message, attempt: Attempt, live: LiveState, on_change: Callable[[], None]
) -> None:
    name, event = event_of(response)
    changed = live.advance(name, event)
    if isinstance(event, progress_pb2.Preview):
        await attempt.preview(event.data, event.content_type)
        changed = True
    elif not is_progress(event):
        await attempt.take(response)
    if changed:
        on_change()


def _judged(failure: CallFailed, *, begun: bool, broke: bool) -> Outcome:
    """`broke`: whether the connection did, or another came, under the call."""
    info = error_info(failure.details)
    match failure.code:
        case grpc.StatusCode.UNAVAILABLE:
            return Lost(failure.message, begun=begun and info.reason != "SHUTTING_DOWN")
        case grpc.StatusCode.RESOURCE_EXHAUSTED if info.reason == "QUEUE_FULL":
            return Lost("the worker's own queue is full", begun=False)
        case grpc.StatusCode.CANCELLED:
            # Nobody here has cancelled it: that would not have come back as an answer.
            return Lost("the worker gave the task up", begun=True)
        case grpc.StatusCode.ABORTED if info.reason == "READER_STALLED":
            return Lost("this machine's disk was too slow for the worker", begun=True)
        case grpc.StatusCode.INTERNAL | grpc.StatusCode.UNKNOWN if broke and not info.reason:
            # gRPC's own words for a stream that broke, not the worker's.
            return Lost(failure.message, begun=True)
    status = status_pb2.Status(code=failure.code.value[0], message=failure.message)
    if failure.details is not None:
        status.details.extend(failure.details.details)
    return Refused(status)
