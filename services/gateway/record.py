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

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

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


_NO_VERDICTS = MappingProxyType(dict.fromkeys(Verdict, 0))


class Record(NamedTuple):
    """A capability's state and the evidence for it.

    A named tuple, since every task makes two new ones, and they are several times cheaper to copy
    than frozen dataclasses.
    """

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
    verdicts: Mapping[Verdict, int] = _NO_VERDICTS
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


class TaskEnded(NamedTuple):
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
        case TaskStarted():
            return record._replace(calls_running=record.calls_running + 1)
        case TaskEnded():
            return _ended(record, event, now)
        case WorkerOnline():
            return _found_online(record, now)
        case WorkerOffline(reason):
            return _unavailable(record, reason, now)
        case WorkerLost(reason):
            lost = _unavailable(record, reason, now)
            return lost._replace(generation=record.generation + 1, failed_here=False)
        case WorkerBack():
            return _came_back(record, now)


def _found_online(record: Record, now: float) -> Record:
    if record.state not in (State.UNKNOWN, State.UNAVAILABLE):
        return record
    # Being online does not undo a failure: only a success or a new worker does.
    return _enter(record, State.ERROR if record.failed_here else State.AVAILABLE, now)


def _came_back(record: Record, now: float) -> Record:
    if record.state is not State.UNAVAILABLE:
        return record
    return _enter(record, State.UNKNOWN, now)._replace(failed_here=False)


def _ended(record: Record, event: TaskEnded, now: float) -> Record:
    verdict = event.verdict
    running = max(0, record.calls_running - 1)
    verdicts = {**record.verdicts, verdict: record.verdicts[verdict] + 1}
    if verdict is Verdict.SUCCESS and event.generation == record.generation:
        healthy = record._replace(
            calls_running=running,
            verdicts=verdicts,
            last_success=now,
            consecutive_failures=0,
            failed_here=False,
        )
        return _enter(healthy, State.AVAILABLE, now)
    counted = record._replace(calls_running=running, verdicts=verdicts)
    if verdict is Verdict.OFFLINE:
        return _lost_its_worker(counted, event, now)
    if verdict is Verdict.FAILURE and event.generation == record.generation:
        failed = _with_failure(counted, event, now)._replace(failed_here=True)
        return _enter(failed, State.ERROR, now)
    return counted


def _lost_its_worker(record: Record, event: TaskEnded, now: float) -> Record:
    if event.generation == record.generation:
        return _unavailable(_with_failure(record, event, now), event.message, now)
    if record.state is State.UNAVAILABLE and event.generation is not None:
        # The loss is known already; this is the task that it cost.
        return _with_failure(record, event, now)
    return record


def _with_failure(record: Record, event: TaskEnded, now: float) -> Record:
    failure = Failure(now, event.code, event.reason, event.message)
    return record._replace(
        last_failure=failure, consecutive_failures=record.consecutive_failures + 1
    )


def _unavailable(record: Record, reason: str, now: float) -> Record:
    if record.state is State.UNAVAILABLE:
        return record
    return _enter(record, State.UNAVAILABLE, now)._replace(unavailable_reason=reason)


def _enter(record: Record, state: State, now: float) -> Record:
    if record.state is state:
        return record
    return record._replace(state=state, since=now, unavailable_reason="")
