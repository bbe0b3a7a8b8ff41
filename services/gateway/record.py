"""The health of one capability as a pure state machine: (record, event, now) -> record.

Knows nothing of channels, tasks or watchers. `now` is in seconds since the epoch.

                first look: worker online
      unknown ────────────────────────────▶ available ◀──── task succeeded (from any state)
         │                                    │
         │ first look: worker offline         │ task failed
         ▼                                    ▼
      unavailable ◀──────────────────────── error
                   worker offline

A worker that was lost and came back makes the capability unknown again.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.gateway.verdict import Verdict


class State(StrEnum):
    """What the map says of a capability."""

    UNKNOWN = "unknown"
    """Nobody has asked yet, or the worker came back after it had been away."""
    AVAILABLE = "available"
    """The worker was found online, or the last task succeeded."""
    ERROR = "error"
    """The worker is there, and the last task failed by the capability's own fault."""
    UNAVAILABLE = "unavailable"
    """The worker cannot be reached."""


@dataclass(frozen=True)
class Failure:
    """A task that failed by the capability's own fault, or lost its worker."""

    time: float
    code: str
    """Name of the gRPC status code, "INTERNAL"."""
    reason: str
    message: str


@dataclass(frozen=True)
class Record:
    """A capability's state and the evidence for it."""

    since: float
    """When the state was entered."""
    state: State = State.UNKNOWN
    generation: int = 0
    """How often the worker was lost. A call belongs to the generation in which it began."""
    failed_here: bool = False
    """Whether the last task of this generation failed. A look at the worker cannot clear that."""
    last_success: float | None = None
    last_failure: Failure | None = None
    consecutive_failures: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    calls_running: int = 0
    unavailable_reason: str = ""


@dataclass(frozen=True)
class WorkerOnline:
    """A health check found the worker serving."""


@dataclass(frozen=True)
class WorkerOffline:
    """A health check found no serving worker."""

    reason: str


@dataclass(frozen=True)
class WorkerLost:
    """The connection to the worker broke."""

    reason: str


@dataclass(frozen=True)
class WorkerBack:
    """A connection to the worker stands."""


@dataclass(frozen=True)
class TaskStarted:
    """A task was sent to the worker."""


@dataclass(frozen=True)
class TaskEnded:
    """A task ended.

    `generation` is the record's when the task began, or None for a task that no worker has seen.
    """

    verdict: Verdict
    generation: int | None
    code: str = "OK"
    reason: str = ""
    message: str = ""


Event = WorkerOnline | WorkerOffline | WorkerLost | WorkerBack | TaskStarted | TaskEnded


def advance(record: Record, event: Event, now: float) -> Record:
    """The record after the event."""
    match event:
        case WorkerOnline():
            return _found_online(record, now)
        case WorkerOffline(reason):
            return _unavailable(record, reason, now)
        case WorkerLost(reason):
            lost = _unavailable(record, reason, now)
            return replace(lost, generation=record.generation + 1, failed_here=False)
        case WorkerBack():
            return _came_back(record, now)
        case TaskStarted():
            return replace(record, calls_running=record.calls_running + 1)
        case TaskEnded():
            return _ended(record, event, now)


def _found_online(record: Record, now: float) -> Record:
    if record.state not in (State.UNKNOWN, State.UNAVAILABLE):
        return record
    # Being online does not undo a failure: only a success or a new worker does.
    return _enter(record, State.ERROR if record.failed_here else State.AVAILABLE, now)


def _came_back(record: Record, now: float) -> Record:
    if record.state is not State.UNAVAILABLE:
        return record
    return replace(_enter(record, State.UNKNOWN, now), failed_here=False)


def _ended(record: Record, event: TaskEnded, now: float) -> Record:
    counted = replace(
        record,
        calls_running=max(0, record.calls_running - 1),
        verdicts={
            **record.verdicts,
            event.verdict: record.verdicts[event.verdict] + 1,
        },
    )
    if event.verdict is Verdict.NEUTRAL:
        return counted
    if event.verdict is Verdict.OFFLINE:
        return _lost_its_worker(counted, event, now)
    if event.generation != record.generation:
        return counted
    if event.verdict is Verdict.SUCCESS:
        return _succeeded(counted, now)
    return _failed(counted, event, now)


def _succeeded(record: Record, now: float) -> Record:
    healthy = replace(record, last_success=now, consecutive_failures=0, failed_here=False)
    return _enter(healthy, State.AVAILABLE, now)


def _failed(record: Record, event: TaskEnded, now: float) -> Record:
    return _enter(replace(_with_failure(record, event, now), failed_here=True), State.ERROR, now)


def _lost_its_worker(record: Record, event: TaskEnded, now: float) -> Record:
    if event.generation == record.generation:
        return _unavailable(_with_failure(record, event, now), event.message, now)
    if record.state is State.UNAVAILABLE and event.generation is not None:
        # The loss is known already; this is the task that it cost.
        return _with_failure(record, event, now)
    return record


def _with_failure(record: Record, event: TaskEnded, now: float) -> Record:
    failure = Failure(now, event.code, event.reason, event.message)
    return replace(
        record, last_failure=failure, consecutive_failures=record.consecutive_failures + 1
    )


def _unavailable(record: Record, reason: str, now: float) -> Record:
    if record.state is State.UNAVAILABLE:
        return record
    return replace(_enter(record, State.UNAVAILABLE, now), unavailable_reason=reason)


def _enter(record: Record, state: State, now: float) -> Record:
    if record.state is state:
        return record
    return replace(record, state=state, since=now, unavailable_reason="")
