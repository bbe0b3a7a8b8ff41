"""Failures of the core in the shape that OpenAI's clients read."""

import json

import grpc
import openai
import pytest
from google.protobuf import any_pb2
from google.rpc import status_pb2

from atelier.llm.v1 import llm_pb2  # noqa: F401 - the service's descriptors
from services.common.errors import (
    AtelierError,
    FieldViolation,
    GpuOutOfMemory,
    InvalidArgument,
    ModelLoadFailed,
    NotFound,
    QueueFull,
    TaskTimeLimitExceeded,
    to_status,
)
from services.gateway.bridge.backend import CallFailed
from services.gateway.openai import elsewhere
from services.gateway.openai.errors import ApiError, failure


def failed(error: AtelierError) -> CallFailed:
    return CallFailed(error.code, error.message, details=to_status(error, "llm.atelier"))


@pytest.mark.parametrize(
    ("error", "http_status", "kind", "code"),
    [
        (failed(QueueFull(3.2)), 429, "rate_limit_error", "rate_limit_exceeded"),
        (failed(GpuOutOfMemory("full")), 500, "server_error", "gpu_out_of_memory"),
        (failed(ModelLoadFailed("broken")), 500, "server_error", "model_load_failed"),
        (failed(TaskTimeLimitExceeded(9)), 504, "server_error", "task_time_limit"),
        (failed(NotFound("job", "x")), 404, "invalid_request_error", "not_found"),
        (
            CallFailed(grpc.StatusCode.UNIMPLEMENTED, "no such method"),
            501,
            "server_error",
            "unimplemented",
        ),
        (
            CallFailed(grpc.StatusCode.UNAUTHENTICATED, "who?"),
            401,
            "authentication_error",
            "unauthenticated",
        ),
        (
            CallFailed(grpc.StatusCode.PERMISSION_DENIED, "no"),
            403,
            "permission_error",
            "permission_denied",
        ),
        (ValueError("a secret"), 500, "server_error", "internal"),
    ],
)
def test_every_failure_has_its_status_type_and_code(
    error: Exception, http_status: int, kind: str, code: str
) -> None:
    told = failure(error, "id-1", {})
    assert (told.http_status, told.kind, told.code) == (http_status, kind, code)
    assert "secret" not in told.message


def test_a_full_queue_says_when_to_come_back() -> None:
    assert failure(failed(QueueFull(3.2)), "", {}).headers == {"Retry-After": "4"}


def test_what_fails_again_is_not_to_be_tried_again() -> None:
    for error in (GpuOutOfMemory("full"), TaskTimeLimitExceeded(9), ModelLoadFailed("broken")):
        assert failure(failed(error), "", {}).headers["x-should-retry"] == "false"


def test_violations_are_told_by_the_parameters_that_the_caller_knows() -> None:
    error = InvalidArgument(FieldViolation("text", "is empty"), FieldViolation("speed[0].x", "no"))
    told = failure(failed(error), "", {"text": "input"})
    assert (told.param, told.code) == ("input", "invalid_value")
    assert told.message == "input: is empty; speed[0].x: no"


def test_details_that_cannot_be_read_do_no_harm() -> None:
    broken = any_pb2.Any(
        type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff\xff\xff"
    )
    error = CallFailed(grpc.StatusCode.INTERNAL, "x", details=status_pb2.Status(details=[broken]))
    assert failure(error, "", {}).message == "x"


def test_the_body_is_openais() -> None:
    body = json.loads(ApiError(400, "no\ud800", code="a", param="b").json())
    assert body["error"] == {
        "message": "no\ud800", "type": "invalid_request_error", "param": "b", "code": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        ("/v1/chat/completions", True),
        ("/v1/models", True),
        ("/v1/embeddings", True),
        ("/v1/videos/x/content", True),
        ("/v1/image/generate", False),
        ("/v1/llm/chat", False),
        ("/v1/files/x", False),  # taken by another capability
        ("/v1", False),
        ("/", False),
        ("/other/v1/chat", False),
    ],
)
def test_which_paths_speak_it(path: str, *, speaks: bool) -> None:
    assert elsewhere.is_below(path, elsewhere.words(["files"])) is speaks


async def test_routes_that_are_not_offered_say_what_is(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="POST /v1/embeddings is not offered") as caught:
        await client.embeddings.create(model="llm", input="x")
    assert caught.value.code == "unknown_url"
    with pytest.raises(openai.NotFoundError, match="/v1/images/generations"):
        await client.responses.create(model="llm", input="x")
    with pytest.raises(openai.NotFoundError, match="is not offered"):
        await client.audio.transcriptions.create(model="tts", file=b"x")
    with pytest.raises(openai.NotFoundError, match="is not offered"):
        await client.chat.completions.retrieve("chatcmpl-1")
