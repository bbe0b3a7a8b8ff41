"""A clip's job as OpenAI's video, and the numbers of a clip from what a client says of it.

Pure: knows messages, no request and no jobs.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from atelier.jobs.v1 import jobs_pb2
from atelier.videogen.v1 import videogen_pb2
from services.gateway.openai.errors import ApiError, failure, invalid, missing
from services.gateway.openai.values import size
from services.gateway.openai.work import error_of

METHOD = "atelier.videogen.v1.VideogenService/GenerateVideo"
NAMES = {
    "image": "input_reference",
    "width": "size",
    "height": "size",
    "num_frames": "seconds",
    "frames_per_second": "seconds",
}
"""Our fields by OpenAI's parameters."""
PREFIX = "video_"
_STATUSES = {
    "queued": "queued",
    "running": "in_progress",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
}


def video(job: jobs_pb2.Job) -> dict[str, object]:
    """A job as OpenAI's video object."""
    asked = videogen_pb2.GenerateVideoRequest()
    job.request.Unpack(asked)
    made = _made(job)
    return {
        "id": PREFIX + job.id,
        "object": "video",
        "created_at": job.create_time.seconds,
        "completed_at": job.end_time.seconds if job.HasField("end_time") else None,
        "expires_at": None,
        "status": _STATUSES[job.state],
        "progress": _percent(job),
        "error": _error(job),
        "model": made.model or job.capability,
        "prompt": asked.prompt,
        "remixed_from_video_id": None,
        "seconds": f"{_seconds(asked, made):g}",
        "size": f"{made.width or asked.width}x{made.height or asked.height}",
        "seed": made.seed or asked.seed,
        "warnings": list(made.warnings),
    }


@dataclass(frozen=True)
class Length:
    """How long a clip is."""

    num_frames: int
    frames_per_second: int


def length(seconds: object, described: videogen_pb2.DescribeModelResponse) -> Length:
    """The clip of a model whose length is nearest to `seconds`, the model's own for None.

    Raises ApiError if the model makes none that is within half a step of its numbers of frames.
    """
    rate = described.defaults.frames_per_second
    if seconds is None:
        return Length(described.defaults.num_frames, rate)
    wanted = float(_number(seconds)) * rate
    limits = described.limits
    step = max(1, limits.frame_multiple)
    first = 1 if step > 1 else 0
    nearest = round((wanted - first) / step) * step + first
    if not limits.min_frames <= nearest <= limits.max_frames:
        shortest, longest = limits.min_frames / rate, limits.max_frames / rate
        raise invalid(
            "seconds", f"this model makes clips of {shortest:.3g} to {longest:.3g} seconds"
        )
    return Length(nearest, rate)


def frame_size(text: str | None, described: videogen_pb2.DescribeModelResponse) -> tuple[int, int]:
    """Width and height, the model's own for None; raises ApiError for what the model cannot."""
    if text is None:
        return described.defaults.width, described.defaults.height
    width, height = size(text)
    limits = described.limits
    for side in (width, height):
        if not limits.min_side <= side <= limits.max_side or side % (limits.side_multiple or 1):
            raise invalid(
                "size",
                f"this model's sides are multiples of {limits.side_multiple} from "
                f"{limits.min_side} to {limits.max_side} pixels; its own size is "
                f"{described.defaults.width}x{described.defaults.height}",
            )
    return width, height


def job_id(video_id: str) -> str:
    """The id of the job behind a video; raises ApiError."""
    if not video_id.startswith(PREFIX):
        raise not_found(video_id)
    return video_id.removeprefix(PREFIX)


def not_found(video_id: str) -> ApiError:
    """The 404 for a video that is not there."""
    text = f"There is no video '{video_id[:100]}'."
    return ApiError(404, text, code="video_not_found", param="video_id")


def not_ready(job: jobs_pb2.Job) -> ApiError:
    """The refusal of a file that a job has not, or not yet."""
    error = _error(job)
    if error is not None:
        return ApiError(400, f"The video has failed: {error['message']}", code="video_failed")
    text = f"The video is {_STATUSES[job.state]} and has no such file yet."
    return ApiError(400, text, code="video_not_ready", param="video_id")


def reference_missing() -> ApiError:
    """The refusal of a clip without a first frame."""
    return missing(
        "input_reference",
        "is missing; clips here begin with a picture, which /v1/images/generations can draw",
    )


def _made(job: jobs_pb2.Job) -> videogen_pb2.VideoInfo:
    """What the worker said of the finished clip; empty before."""
    for packed in job.result.messages:
        said = videogen_pb2.GenerateVideoResponse()
        if packed.Unpack(said) and said.HasField("video"):
            return said.video
    return videogen_pb2.VideoInfo()


def _seconds(asked: videogen_pb2.GenerateVideoRequest, made: videogen_pb2.VideoInfo) -> float:
    """The clip's length; 0 while nobody has said it."""
    if made.duration_seconds:
        return round(made.duration_seconds, 3)
    return round(asked.num_frames / asked.frames_per_second, 3) if asked.frames_per_second else 0


def _percent(job: jobs_pb2.Job) -> int:
    if job.state == "succeeded":
        return 100
    return min(99, 100 * job.step // job.total_steps) if job.total_steps else 0


def _error(job: jobs_pb2.Job) -> dict[str, object] | None:
    if not job.HasField("error"):
        return None
    told = failure(error_of(job), "", NAMES)
    return {"code": told.code or "failed", "message": told.message}


def _number(seconds: object) -> Decimal:
    try:
        number = Decimal(str(seconds)) if not isinstance(seconds, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 < number < 100_000):
        raise invalid("seconds", "expected a number of seconds, more than 0")
    return number
