"""What every call gets: a code that tells the truth, details, an id, a line in the log, series."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from services.common import call_id
from services.common.cancellation import JobCancelled
from services.common.errors import (
    AtelierError,
    FieldViolation,
    GpuOutOfMemory,
    InternalFault,
    InvalidArgument,
    ModelLoadFailed,
    NotFound,
    QueueFull,
    ShuttingDown,
    TaskTimeLimitExceeded,
)
from tests.support.common_jobs import soon
from tests.support.common_server import failure_of, serving

Code = grpc.StatusCode


def raising(error: BaseException) -> Any:
    async def method(request: bytes, context: Any) -> bytes:
        raise error

    return method


async def never(request: bytes, context: Any) -> bytes:
    await asyncio.Event().wait()
    return b""


async def until(condition: Any) -> None:
    """Lets the server's side of a call come to its end."""
    while not condition():  # a counter has no event
        await asyncio.sleep(0.005)


# --- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "label", "reason"),
    [
        (
            InvalidArgument(FieldViolation("prompt", "is empty")),
            Code.INVALID_ARGUMENT,
            "InvalidArgument",
            "INVALID_FIELD",
        ),
        (NotFound("voice", "jim"), Code.NOT_FOUND, "NotFound", "NOT_FOUND"),
        (QueueFull(3.0), Code.RESOURCE_EXHAUSTED, "ResourceExhausted", "QUEUE_FULL"),
        (ShuttingDown(), Code.UNAVAILABLE, "Unavailable", "SHUTTING_DOWN"),
        (GpuOutOfMemory("no"), Code.RESOURCE_EXHAUSTED, "ResourceExhausted", "GPU_OUT_OF_MEMORY"),
        (ModelLoadFailed("no"), Code.INTERNAL, "Internal", "MODEL_LOAD_FAILED"),
        (TaskTimeLimitExceeded(2), Code.DEADLINE_EXCEEDED, "DeadlineExceeded", "TASK_TIME_LIMIT"),
        (InternalFault("MINE", "no"), Code.INTERNAL, "Internal", "MINE"),
        (AtelierError("no"), Code.INTERNAL, "Internal", "INTERNAL"),
        (ValueError("what?"), Code.INTERNAL, "Internal", "UNEXPECTED"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_each_error_has_its_code_its_reason_and_its_series(
    error: Exception, code: grpc.StatusCode, label: str, reason: str
) -> None:
    async with serving(ask=raising(error)) as served:
        failure = await failure_of(served.ask())
        assert (failure.code, failure.info.reason) == (code, reason)
        assert failure.info.domain == "test.atelier"
        assert failure.message
        await until(lambda: served.handled("Ask", "unary", label))
        assert served.handled("Ask", "unary", label) == 1
        assert served.handled("Ask", "unary", "OK") == 0


async def test_a_wrong_request_names_each_field() -> None:
    error = InvalidArgument(FieldViolation("a.b", "is empty"), FieldViolation("c", "is long"))
    async with serving(ask=raising(error)) as served:
        failure = await failure_of(served.ask())
    assert failure.message == "a.b: is empty; c: is long"
    violations = failure.detail(error_details_pb2.BadRequest).field_violations
    assert [(item.field, item.description) for item in violations] == [
        ("a.b", "is empty"),
        ("c", "is long"),
    ]


async def test_a_full_queue_says_when_to_come_back() -> None:
    async with serving(ask=raising(QueueFull(2.5))) as served:
        failure = await failure_of(served.ask())
    assert failure.detail(error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 2500


@pytest.mark.parametrize(
    "text",
    ["long " * 20_000, "ü€😀" * 20_000, "\x00\x01\n\r\t" * 5000, "\udcff lone surrogates" * 100],
    ids=["long", "wide", "control", "surrogates"],
)
async def test_no_text_is_too_wild_for_a_status(text: str) -> None:
    error = InvalidArgument(*(FieldViolation(text, text) for _ in range(50)), reason="WILD")
    error.metadata = {f"key{number}": text for number in range(50)}
    async with serving(ask=raising(error)) as served:
        failure = await failure_of(served.ask())
    assert failure.code is Code.INVALID_ARGUMENT
    assert failure.info.reason == "WILD"
    assert failure.detail(error_details_pb2.BadRequest).field_violations


async def test_an_error_after_the_first_message_keeps_what_was_sent() -> None:
    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        raise GpuOutOfMemory("no room")

    async with serving(stream=stream) as served:
        call = served.stream()
        assert await soon(call.read()) == b"first"
        with pytest.raises(grpc.aio.AioRpcError, match="no room"):
            await soon(call.read())
        assert served.handled("Stream", "server_stream", "ResourceExhausted") == 1


async def test_a_job_that_was_cancelled_is_no_failure() -> None:
    async with serving(ask=raising(JobCancelled())) as served:
        assert (await failure_of(served.ask())).code is Code.CANCELLED
        assert served.handled("Ask", "unary", "Canceled") == 1


async def test_a_method_may_abort_by_itself() -> None:
    async def ask(request: bytes, context: Any) -> bytes:
        await context.abort(Code.FAILED_PRECONDITION, "not yet")
        return b""

    async with serving(ask=ask) as served:
        failure = await failure_of(served.ask())
        assert (failure.code, failure.message) == (Code.FAILED_PRECONDITION, "not yet")
        assert served.handled("Ask", "unary", "FailedPrecondition") == 1


async def test_a_method_may_set_its_code() -> None:
    async def ask(request: bytes, context: Any) -> bytes:
        context.set_code(Code.DATA_LOSS)
        return b""

    async with serving(ask=ask) as served:
        assert (await failure_of(served.ask())).code is Code.DATA_LOSS
        assert served.handled("Ask", "unary", "DataLoss") == 1


async def test_a_method_that_is_not_served_is_unimplemented() -> None:
    async with serving(ask=never) as served:
        assert (await failure_of(served.stream().read())).code is Code.UNIMPLEMENTED


# --- The kinds of methods ------------------------------------------------------------------------


async def test_a_stream_may_be_written_as_a_generator_or_with_the_context() -> None:
    async def generator(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def writer(request: bytes, context: Any) -> None:
        await context.write(b"a")
        await context.write(b"b")

    for stream in (generator, writer):
        async with serving(stream=stream) as served:
            assert [item async for item in served.stream()] == [b"a", b"b"]
            assert served.handled("Stream", "server_stream", "OK") == 1


async def test_a_conversation_is_a_bidi_stream() -> None:
    async def talk(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request.upper()

    async def words() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async with serving(talk=talk) as served:
        assert [item async for item in served.talk(words())] == [b"A", b"B"]
        assert served.handled("Talk", "bidi_stream", "OK") == 1


# --- Callers that leave --------------------------------------------------------------------------


async def test_a_caller_who_leaves_closes_the_generator_at_once() -> None:
    closed = asyncio.Event()

    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    async with serving(stream=stream) as served:
        call = served.stream()
        await soon(call.read())
        call.cancel()
        await soon(closed.wait())
        await soon(until(lambda: served.handled("Stream", "server_stream", "Canceled") == 1))


async def test_a_caller_who_leaves_is_no_error_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    async with serving(stream=stream) as served:
        for _ in range(10):
            call = served.stream()
            await soon(call.read())
            call.cancel()
        await soon(until(lambda: served.handled("Stream", "server_stream", "Canceled") == 10))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_deadline_is_told_from_a_caller_who_leaves() -> None:
    async with serving(ask=never) as served:
        assert (await failure_of(served.ask(timeout=0.1))).code is Code.DEADLINE_EXCEEDED
        await soon(until(lambda: served.handled("Ask", "unary", "DeadlineExceeded") == 1))

        call = served.ask(timeout=1000)
        await asyncio.sleep(0.02)
        call.cancel()
        await soon(until(lambda: served.handled("Ask", "unary", "Canceled") == 1))


# --- The call's id -------------------------------------------------------------------------------


async def say_id(request: bytes, context: Any) -> bytes:
    return call_id.current.get().encode()


async def test_a_call_keeps_the_id_it_was_given() -> None:
    async with serving(ask=say_id) as served:
        assert await served.ask(metadata=(("x-request-id", "abc-1"),)) == b"abc-1"
    assert call_id.current.get() == "-"


@pytest.mark.parametrize("identity", [None, "", "two words", "x" * 129])
async def test_a_call_without_a_fit_id_gets_one(identity: str | None) -> None:
    metadata = () if identity is None else (("x-request-id", identity),)
    async with serving(ask=say_id) as served:
        given = (await served.ask(metadata=metadata)).decode()
    assert len(given) == 16
    assert int(given, 16) >= 0


async def test_each_call_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with serving(ask=raising(QueueFull(1))) as served:
        await failure_of(served.ask())
    [line] = [record.getMessage() for record in caplog.records if "/Ask" in record.getMessage()]
    assert line.startswith("/atelier.test.v1.TestService/Ask RESOURCE_EXHAUSTED in ")


async def test_programs_are_told_more_of_a_call(caplog: pytest.LogCaptureFixture) -> None:
    async def three(request: bytes, context: Any) -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b""

    caplog.set_level(logging.INFO)
    async with serving(ask=raising(QueueFull(1)), stream=three) as served:
        await failure_of(served.ask())
        assert [answer async for answer in served.stream()] == [b""] * 3
        await soon(until(lambda: served.handled("Stream", "server_stream", "OK")))
    asked, streamed = [record.fields for record in caplog.records if hasattr(record, "fields")]
    assert asked["method"] == "atelier.test.v1.TestService/Ask"
    assert (asked["code"], asked["reason"]) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
    assert (asked["responses"], streamed["responses"]) == (0, 3)
    assert asked["peer"].startswith("ipv4:127.0.0.1:")
    assert asked["duration_seconds"] >= 0


async def test_an_unexpected_error_is_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(ask=raising(ZeroDivisionError("no"))) as served:
        failure = await failure_of(served.ask())
    assert failure.message == "ZeroDivisionError: no"
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
