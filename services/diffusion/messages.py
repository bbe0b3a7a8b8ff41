"""The messages that both workers send while they work."""

from google.protobuf import duration_pb2

from atelier.common.v1 import progress_pb2
from services.diffusion.events import PreviewTaken, StepDone


def progress_message(event: StepDone) -> progress_pb2.StepProgress:
    """A finished step."""
    remaining = duration_pb2.Duration()
    remaining.FromMilliseconds(round(event.remaining_seconds * 1000))
    return progress_pb2.StepProgress(
        step=event.step, total_steps=event.total_steps, estimated_remaining=remaining
    )


def preview_message(event: PreviewTaken) -> progress_pb2.Preview:
    """A preview."""
    return progress_pb2.Preview(data=event.jpeg, content_type="image/jpeg", step=event.step)
