"""How far a job is that has not ended: what is known in memory only, and lost with the gateway.

Knows the progress messages that all capabilities share, no capability.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from atelier.common.v1 import progress_pb2

STARTING = "starting"
_QUEUED, _LOADING, _WORKING = "queued", "loading", "working"


@dataclass
class LiveState:
    """What Job tells of an unended job beside its record."""

    phase: str = ""
    queue_position: int | None = None
    step: int = 0
    total_steps: int = 0
    estimated_remaining_seconds: float | None = None
    waiting_reason: str = ""

    def begin(self) -> None:
        """The job was given to its worker."""
        self.phase = STARTING
        self.queue_position = None
        self.step = self.total_steps = 0
        self.estimated_remaining_seconds = None
        self.waiting_reason = ""

    def wait(self, reason: str = "") -> None:
        """The job waits again; `reason` says for what, if not for its turn."""
        self.phase = ""
        self.step = self.total_steps = 0
        self.estimated_remaining_seconds = None
        self.waiting_reason = reason

    def advance(self, phase: str, event: Message | None) -> bool:
        """Takes over an event of the worker's stream; False if that changes nothing."""
        before = (self.phase, self.step, self.total_steps, self.estimated_remaining_seconds)
        match event:
            case progress_pb2.QueuePlace():
                self.phase = _QUEUED
            case progress_pb2.ModelLoading():
                self.phase = _LOADING
            case progress_pb2.StepProgress():
                self._step(event)
            case progress_pb2.Preview():
                self.phase = _WORKING
            case _:
                self.phase = phase or _WORKING
        return before != (
            self.phase,
            self.step,
            self.total_steps,
            self.estimated_remaining_seconds,
        )

    def _step(self, progress: progress_pb2.StepProgress) -> None:
        self.phase = _WORKING
        self.step, self.total_steps = progress.step, progress.total_steps
        self.estimated_remaining_seconds = None
        if progress.HasField("estimated_remaining"):
            remaining = progress.estimated_remaining
            self.estimated_remaining_seconds = remaining.seconds + remaining.nanos / 1e9


def event_of(response: Message) -> tuple[str, Message | None]:
    """The name of the event that a response holds, and the event if it is a message.

    That is the case of the response's oneof; ("", None) for a response without one.
    """
    for oneof in response.DESCRIPTOR.oneofs:
        case = response.WhichOneof(oneof.name)
        if case is not None and not case.startswith("_"):
            value: Any = getattr(response, case)
            return case, value if isinstance(value, Message) else None
    return "", None


def is_progress(event: Message | None) -> bool:
    """Whether an event tells only how far the task is, and is no part of what it makes."""
    return isinstance(
        event, progress_pb2.QueuePlace | progress_pb2.ModelLoading | progress_pb2.StepProgress
    )
