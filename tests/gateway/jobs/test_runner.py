"""How an attempt came out, by what became of its call: done, refused for good, or due again."""

import grpc
import pytest

from services.common.errors import (
    AtelierError,
    GpuOutOfMemory,
    QueueFull,
    ReaderStalled,
    ShuttingDown,
    TaskTimeLimitExceeded,
    to_status,
)
from services.gateway.call_failed import CallFailed
from services.gateway.jobs.runner import Lost, Refused, _judged


def words_of(error: AtelierError) -> CallFailed:
    """A worker's own error, as it comes through the dispatcher."""
    return CallFailed(error.code, error.message, details=to_status(error, "image.atelier"))


def wordless(code: grpc.StatusCode) -> CallFailed:
    """gRPC's own: no worker has spoken."""
    return CallFailed(code, "the stream broke")


@pytest.mark.parametrize(
    "failure",
    [
        words_of(GpuOutOfMemory("too little")),
        words_of(TaskTimeLimitExceeded(5)),
        words_of(AtelierError("broke")),
        *(
            wordless(code)
            for code in grpc.StatusCode
            if code.name not in ("OK", "UNAVAILABLE", "CANCELLED")
        ),
    ],
    ids=lambda failure: f"{failure.code.name} {'by the worker' if failure.details else ''}",
)
def test_what_would_come_again_is_the_jobs_error(failure: CallFailed) -> None:
    outcome = _judged(failure, begun=True, broke=False)
    assert isinstance(outcome, Refused)
    assert (outcome.status.code, outcome.status.message) == (
        failure.code.value[0], failure.message,
    )  # fmt: skip
    if failure.details is not None:
        assert list(outcome.status.details) == list(failure.details.details)


@pytest.mark.parametrize("begun", [False, True])
def test_a_lost_worker_costs_an_attempt_if_it_had_the_task(begun: bool) -> None:
    outcome = _judged(wordless(grpc.StatusCode.UNAVAILABLE), begun=begun, broke=True)
    assert isinstance(outcome, Lost)
    assert outcome.begun == begun


@pytest.mark.parametrize("error", [ShuttingDown(), QueueFull(1.0)])
def test_a_worker_that_would_not_take_the_task_costs_none(error: AtelierError) -> None:
    outcome = _judged(words_of(error), begun=True, broke=False)
    assert isinstance(outcome, Lost)
    assert not outcome.begun


@pytest.mark.parametrize(
    "failure", [wordless(grpc.StatusCode.CANCELLED), words_of(ReaderStalled(30))]
)
def test_a_task_that_the_worker_gave_up_is_begun_again(failure: CallFailed) -> None:
    outcome = _judged(failure, begun=True, broke=False)
    assert isinstance(outcome, Lost)
    assert outcome.begun


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN])
def test_grpcs_words_for_a_broken_stream_are_no_refusal(code: grpc.StatusCode) -> None:
    assert isinstance(_judged(wordless(code), begun=True, broke=True), Lost)
    own = AtelierError("broke")
    own.code = code
    assert isinstance(_judged(words_of(own), begun=True, broke=True), Refused)
