"""What the end of a task says about its capability: a pure table over gRPC's status codes.

Knows codes and reasons, not states: what a verdict does to the map is record.py's affair.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from grpc import StatusCode


class Verdict(StrEnum):
    """How a task counts."""

    SUCCESS = "success"
    """It succeeded: the capability works."""
    FAILURE = "failure"
    """It failed by the capability's own fault."""
    NEUTRAL = "neutral"
    """It ended by the caller's doing: no news."""
    OFFLINE = "offline"
    """Its worker was lost."""


class Judgement(Enum):
    """What the table says; UNDECIDED means that one health check of the worker decides."""

    SUCCESS = Verdict.SUCCESS
    FAILURE = Verdict.FAILURE
    NEUTRAL = Verdict.NEUTRAL
    UNDECIDED = None


@dataclass(frozen=True)
class Outcome:
    """How a task ended."""

    code: StatusCode
    reason: str = ""
    """google.rpc.ErrorInfo.reason; empty if the status carries none."""
    message: str = ""
    deadline_passed: bool = False
    """Whether the caller's own deadline had passed."""
    caller_left: bool = False
    """Whether the caller cancelled, or broke off the stream."""


_BY_CODE = {
    StatusCode.OK: Judgement.SUCCESS,
    StatusCode.UNKNOWN: Judgement.FAILURE,
    StatusCode.INTERNAL: Judgement.FAILURE,
    StatusCode.DATA_LOSS: Judgement.FAILURE,
    StatusCode.UNAVAILABLE: Judgement.UNDECIDED,
    StatusCode.RESOURCE_EXHAUSTED: Judgement.NEUTRAL,
    StatusCode.DEADLINE_EXCEEDED: Judgement.FAILURE,
    StatusCode.CANCELLED: Judgement.NEUTRAL,
    StatusCode.INVALID_ARGUMENT: Judgement.NEUTRAL,
    StatusCode.OUT_OF_RANGE: Judgement.NEUTRAL,
    StatusCode.FAILED_PRECONDITION: Judgement.NEUTRAL,
    StatusCode.NOT_FOUND: Judgement.NEUTRAL,
    StatusCode.ALREADY_EXISTS: Judgement.NEUTRAL,
    StatusCode.ABORTED: Judgement.NEUTRAL,
    StatusCode.UNAUTHENTICATED: Judgement.NEUTRAL,
    StatusCode.PERMISSION_DENIED: Judgement.NEUTRAL,
    StatusCode.UNIMPLEMENTED: Judgement.NEUTRAL,
}

# A code alone can mislead: these reasons speak of the capability, whatever code carries them.
_FAULTS = frozenset({"GPU_OUT_OF_MEMORY", "TASK_TIME_LIMIT", "MODEL_LOAD_FAILED"})


def judge(outcome: Outcome) -> Judgement:
    """The judgement of a task's end.

    The worker's own reason comes first; then the caller, who may have left or run out of its own
    time; then the code.
    """
    if outcome.reason in _FAULTS:
        return Judgement.FAILURE
    if outcome.caller_left:
        return Judgement.NEUTRAL
    if outcome.code is StatusCode.DEADLINE_EXCEEDED and outcome.deadline_passed:
        return Judgement.NEUTRAL
    return _BY_CODE[outcome.code]


def settle(judgement: Judgement, *, online: bool) -> Verdict:
    """The verdict, once it is known whether the worker is online."""
    decided: Verdict | None = judgement.value
    if decided is not None:
        return decided
    return Verdict.FAILURE if online else Verdict.OFFLINE
