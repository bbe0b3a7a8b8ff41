"""What a page shows of a job follows the worker's stream, event by event."""

import pytest
from google.protobuf.message import Message

from atelier.common.v1 import progress_pb2
from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from atelier.videogen.v1 import videogen_pb2
from services.gateway.jobs.live import LiveState, event_of, is_progress

PLACE = progress_pb2.QueuePlace(position=2)
LOADING = progress_pb2.ModelLoading(model="m")
PREVIEW = progress_pb2.Preview(data=b"p", content_type="image/jpeg", step=1)


def step(number: int, remaining_seconds: float | None = None) -> progress_pb2.StepProgress:
    progress = progress_pb2.StepProgress(step=number, total_steps=8)
    if remaining_seconds is not None:
        progress.estimated_remaining.FromMilliseconds(round(remaining_seconds * 1000))
    return progress


def begun() -> LiveState:
    live = LiveState()
    live.begin()
    return live


@pytest.mark.parametrize(
    ("name", "event", "phase"),
    [
        ("queued", PLACE, "queued"),
        ("loading", LOADING, "loading"),
        ("progress", step(1), "working"),
        ("preview", PREVIEW, "working"),
        ("encoding", videogen_pb2.VideoInfo(), "encoding"),
        ("", None, "working"),
    ],
)
def test_each_event_is_a_phase(name: str, event: Message | None, phase: str) -> None:
    live = begun()
    assert live.phase == "starting"
    assert live.advance(name, event)
    assert live.phase == phase


def test_steps_come_with_the_time_that_remains_or_without() -> None:
    live = begun()
    live.advance("progress", step(3, 2.5))
    assert (live.step, live.total_steps, live.estimated_remaining_seconds) == (3, 8, 2.5)
    live.advance("progress", step(4))
    assert live.estimated_remaining_seconds is None


def test_what_says_nothing_new_changes_nothing() -> None:
    live = begun()
    assert live.advance("progress", step(3))
    assert not live.advance("progress", step(3))


def test_a_job_that_waits_again_has_lost_its_progress_and_says_why() -> None:
    live = begun()
    live.advance("progress", step(3, 2.5))
    live.wait("the worker is away")
    assert live == LiveState(waiting_reason="the worker is away")
    live.begin()
    assert live == LiveState(phase="starting")


def test_an_event_is_the_case_of_the_responses_oneof() -> None:
    response = image_pb2.GenerateImageResponse(progress=step(1))
    assert event_of(response) == ("progress", step(1))
    assert event_of(image_pb2.GenerateImageResponse()) == ("", None)
    assert event_of(llm_pb2.ChatRequest()) == ("", None)


def test_progress_is_no_part_of_what_a_task_makes() -> None:
    assert all(is_progress(event) for event in (PLACE, LOADING, step(1)))
    assert not is_progress(image_pb2.GeneratedImage())
    assert not is_progress(None)
