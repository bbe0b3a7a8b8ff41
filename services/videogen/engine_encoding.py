"""Frames to a video file: H.264 in MP4, VP9 in WebM. Knows PyAV; knows nothing of models."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.common.cancellation import Cancellation

_BT709 = 1  # ISO/IEC 23091-2: primaries, transfer and matrix have the same number


@dataclass(frozen=True)
class _Recipe:
    codec: str
    options: Mapping[str, str]
    container: Mapping[str, str] = field(default_factory=dict)


_RECIPES = {
    "mp4": _Recipe(
        "libx264", {"crf": "18", "preset": "medium"}, container={"movflags": "+faststart"}
    ),
    "webm": _Recipe(
        "libvpx-vp9",
        {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
    ),
}


def encode(
    frames: NDArray[np.uint8],
    *,
    frames_per_second: int,
    file_format: str,
    cancellation: Cancellation,
) -> bytes:
    """The file of RGB frames, (frames, height, width, 3) with even sides; yuv420p.

    `file_format` is "mp4" (which begins with its index, so that it plays while it is fetched) or
    "webm". Raises JobCancelled within a frame once it is cancelled.
    """
    recipe = _RECIPES[file_format]
    # A file, because ffmpeg moves an MP4's index to the front by reading what it has written.
    with tempfile.TemporaryDirectory(prefix="atelier-clip-") as folder:
        path = Path(folder) / f"clip.{file_format}"
        with av.open(str(path), "w", format=file_format, options=dict(recipe.container)) as file:
            stream = file.add_stream(
                recipe.codec, rate=frames_per_second, options=dict(recipe.options)
            )
            assert isinstance(stream, VideoStream)  # noqa: S101 - the codecs are ours
            _describe(stream, frames)
            for index, pixels in enumerate(frames):
                cancellation.check()
                file.mux(stream.encode(_frame(pixels, index, frames_per_second)))
            file.mux(stream.encode(None))
        return path.read_bytes()


def _describe(stream: VideoStream, frames: NDArray[np.uint8]) -> None:
    stream.width, stream.height = frames.shape[2], frames.shape[1]
    stream.pix_fmt = "yuv420p"
    # Without these, players guess the colours by the size of the picture.
    context = stream.codec_context
    context.colorspace = context.color_primaries = context.color_trc = _BT709


def _frame(pixels: NDArray[np.uint8], index: int, frames_per_second: int) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.pts, frame.time_base = index, Fraction(1, frames_per_second)
    return frame
