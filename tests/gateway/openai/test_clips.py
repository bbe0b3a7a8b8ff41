"""A job as OpenAI's video, and the numbers of a clip, as pure functions."""

import pytest
from google.rpc import code_pb2

from atelier.jobs.v1 import jobs_pb2
from atelier.videogen.v1 import videogen_pb2
from services.common.errors import GpuOutOfMemory, to_status
from services.gateway.openai import clips
from services.gateway.openai.errors import ApiError

MODEL = videogen_pb2.DescribeModelResponse(
    defaults=videogen_pb2.VideoDefaults(num_frames=25, frames_per_second=8, width=64, height=48),
    limits=videogen_pb2.VideoLimits(
        min_frames=9, max_frames=97, frame_multiple=8, min_side=32, max_side=128, side_multiple=8
    ),
)


def job(state: str, **fields: object) -> jobs_pb2.Job:
    made = jobs_pb2.Job(
        id="abc-1", capability="videogen", method=clips.METHOD, state=state, **fields  # type: ignore[arg-type]
    )  # fmt: skip
    made.request.Pack(
        videogen_pb2.GenerateVideoRequest(
            prompt="fly", num_frames=9, frames_per_second=8, width=64, height=48
        )
    )
    made.create_time.seconds = 1_800_000_000
    return made


def test_a_job_that_waits() -> None:
    assert clips.video(job("queued")) == {
        "id": "video_abc-1",
        "object": "video",
        "created_at": 1_800_000_000,
        "completed_at": None,
        "expires_at": None,
        "status": "queued",
        "progress": 0,
        "error": None,
        "model": "videogen",
        "prompt": "fly",
        "remixed_from_video_id": None,
        "seconds": "1.125",
        "size": "64x48",
        "seed": 0,
        "warnings": [],
    }


@pytest.mark.parametrize(("step", "percent"), [(0, 0), (1, 25), (3, 75), (4, 99)])
def test_the_progress_of_a_job_that_runs(step: int, percent: int) -> None:
    video = clips.video(job("running", step=step, total_steps=4))
    assert (video["status"], video["progress"]) == ("in_progress", percent)


def test_a_finished_job_tells_what_the_worker_said() -> None:
    done = job("succeeded")
    done.end_time.seconds = 1_800_000_009
    said = videogen_pb2.GenerateVideoResponse(
        video=videogen_pb2.VideoInfo(
            duration_seconds=1.125, width=64, height=48, seed=7, warnings=["w"], model="emoji"
        )
    )
    done.result.messages.add().Pack(said)
    video = clips.video(done)
    assert (video["status"], video["progress"], video["completed_at"]) == (
        "completed", 100, 1_800_000_009,
    )  # fmt: skip
    assert (video["model"], video["seed"], video["warnings"]) == ("emoji", 7, ["w"])


def test_a_failed_job_tells_why() -> None:
    failed = job("failed")
    failed.error.CopyFrom(to_status(GpuOutOfMemory("too small"), "videogen.atelier"))
    video = clips.video(failed)
    assert video["status"] == "failed"
    assert video["error"] == {"code": "gpu_out_of_memory", "message": "too small"}
    refusal = clips.not_ready(failed)
    assert (refusal.http_status, refusal.code) == (400, "video_failed")


def test_a_cancelled_job_is_a_failed_video() -> None:
    cancelled = job("cancelled")
    cancelled.error.code = code_pb2.CANCELLED
    cancelled.error.message = "cancelled"
    video = clips.video(cancelled)
    assert (video["status"], video["error"]) == (
        "failed", {"code": "cancelled", "message": "cancelled"},
    )  # fmt: skip


def test_an_unfinished_job_has_no_file() -> None:
    assert clips.not_ready(job("running")).code == "video_not_ready"


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(None, 25), ("1.125", 9), (1.1, 9), ("4", 33), ("12", 97), (12, 97), ("1.5", 9)],
)
def test_seconds_become_the_nearest_number_of_frames(seconds: object, frames: int) -> None:
    assert clips.length(seconds, MODEL) == clips.Length(frames, 8)


def test_a_model_without_steps_takes_any_number_of_frames() -> None:
    model = videogen_pb2.DescribeModelResponse()
    model.CopyFrom(MODEL)
    model.limits.frame_multiple = 1
    assert clips.length("1.5", model).num_frames == 12


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "long", "", True, "1e9", "60", "0.1"])
def test_seconds_that_cannot_be(seconds: object) -> None:
    with pytest.raises(ApiError) as caught:
        clips.length(seconds, MODEL)
    assert caught.value.param == "seconds"


def test_the_limits_are_told() -> None:
    with pytest.raises(ApiError, match=r"1\.12 to 12\.1 seconds"):
        clips.length("60", MODEL)
    with pytest.raises(ApiError, match="multiples of 8 from 32 to 128 pixels"):
        clips.frame_size("720x1280", MODEL)


def test_sizes() -> None:
    assert clips.frame_size(None, MODEL) == (64, 48)
    assert clips.frame_size("128x32", MODEL) == (128, 32)
    for text in ("129x32", "128", "x", "-1x5", "٣٢x٣٢"):
        with pytest.raises(ApiError):
            clips.frame_size(text, MODEL)


def test_ids() -> None:
    assert clips.job_id("video_abc-1") == "abc-1"
    with pytest.raises(ApiError, match="no video 'abc-1'"):
        clips.job_id("abc-1")
