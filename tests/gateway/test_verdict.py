"""The verdict table, held against the words of the design."""

import pytest
from grpc import StatusCode

from services.gateway.verdict import Judgement, Outcome, Verdict, judge, settle

TABLE = [
    (Outcome(StatusCode.OK), Judgement.SUCCESS),
    (Outcome(StatusCode.UNKNOWN), Judgement.FAILURE),
    (Outcome(StatusCode.INTERNAL), Judgement.FAILURE),
    (Outcome(StatusCode.DATA_LOSS), Judgement.FAILURE),
    (Outcome(StatusCode.UNAVAILABLE), Judgement.UNDECIDED),
    (Outcome(StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL"), Judgement.NEUTRAL),
    (Outcome(StatusCode.RESOURCE_EXHAUSTED, "GPU_OUT_OF_MEMORY"), Judgement.FAILURE),
    (Outcome(StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"), Judgement.NEUTRAL),
    (Outcome(StatusCode.RESOURCE_EXHAUSTED), Judgement.NEUTRAL),
    (Outcome(StatusCode.DEADLINE_EXCEEDED, deadline_passed=True), Judgement.NEUTRAL),
    (Outcome(StatusCode.DEADLINE_EXCEEDED, "TASK_TIME_LIMIT"), Judgement.FAILURE),
    (
        Outcome(StatusCode.DEADLINE_EXCEEDED, "TASK_TIME_LIMIT", deadline_passed=True),
        Judgement.FAILURE,
    ),
    (Outcome(StatusCode.DEADLINE_EXCEEDED), Judgement.FAILURE),
    (Outcome(StatusCode.CANCELLED), Judgement.NEUTRAL),
    (Outcome(StatusCode.INVALID_ARGUMENT), Judgement.NEUTRAL),
    (Outcome(StatusCode.OUT_OF_RANGE), Judgement.NEUTRAL),
    (Outcome(StatusCode.FAILED_PRECONDITION), Judgement.NEUTRAL),
    (Outcome(StatusCode.FAILED_PRECONDITION, "MODEL_LOAD_FAILED"), Judgement.FAILURE),
    (Outcome(StatusCode.NOT_FOUND), Judgement.NEUTRAL),
    (Outcome(StatusCode.ALREADY_EXISTS), Judgement.NEUTRAL),
    (Outcome(StatusCode.ABORTED), Judgement.NEUTRAL),
    (Outcome(StatusCode.UNAUTHENTICATED), Judgement.NEUTRAL),
    (Outcome(StatusCode.PERMISSION_DENIED), Judgement.NEUTRAL),
    (Outcome(StatusCode.UNIMPLEMENTED), Judgement.NEUTRAL),
    (Outcome(StatusCode.INTERNAL, caller_left=True), Judgement.NEUTRAL),
    (Outcome(StatusCode.CANCELLED, caller_left=True), Judgement.NEUTRAL),
]


@pytest.mark.parametrize(("outcome", "judgement"), TABLE, ids=str)
def test_judges_as_the_table_says(outcome: Outcome, judgement: Judgement) -> None:
    assert judge(outcome) is judgement


@pytest.mark.parametrize("code", StatusCode)
def test_knows_every_code(code: StatusCode) -> None:
    assert judge(Outcome(code)) in Judgement


def test_an_undecided_end_is_a_failure_of_a_worker_that_is_there() -> None:
    assert settle(Judgement.UNDECIDED, online=True) is Verdict.FAILURE


def test_an_undecided_end_is_offline_when_the_worker_is_gone() -> None:
    assert settle(Judgement.UNDECIDED, online=False) is Verdict.OFFLINE


@pytest.mark.parametrize("online", [True, False])
def test_a_decided_end_needs_no_look(online: bool) -> None:
    assert settle(Judgement.NEUTRAL, online=online) is Verdict.NEUTRAL
    assert settle(Judgement.FAILURE, online=online) is Verdict.FAILURE
    assert settle(Judgement.SUCCESS, online=online) is Verdict.SUCCESS
