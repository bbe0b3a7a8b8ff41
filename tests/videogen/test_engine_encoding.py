"""The files are read back with the same library, and by their first bytes."""

import io

import av
import numpy as np
import pytest
from av.container import InputContainer

from services.common.cancellation import Cancellation, JobCancelled
from services.videogen.engine_encoding import encode

COLOURS = ((200, 30, 30), (30, 160, 60), (40, 60, 200), (240, 240, 240))


def clip(frames: int = 12, side: int = 64) -> np.ndarray:
    """Each frame of one colour, four colours in turn."""
    colours = [COLOURS[index % len(COLOURS)] for index in range(frames)]
    return np.array([np.full((side, side, 3), colour, np.uint8) for colour in colours])


def encoded(file_format: str, frames: np.ndarray) -> bytes:
    return encode(frames, frames_per_second=8, file_format=file_format, cancellation=Cancellation())


@pytest.mark.parametrize(("file_format", "codec"), [("mp4", "h264"), ("webm", "vp9")])
def test_the_file_has_the_frames_in_their_colours(file_format: str, codec: str) -> None:
    frames = clip()
    with av.open(io.BytesIO(encoded(file_format, frames))) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name.removeprefix("lib"), stream.width) == (codec, 64)
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 8
        assert isinstance(file, InputContainer)
        decoded = list(file.decode(video=0))
    assert len(decoded) == len(frames)
    assert float(decoded[-1].time) == pytest.approx(11 / 8, abs=0.01)
    for frame, wanted in zip(decoded, frames, strict=True):
        rgb = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert abs(rgb.astype(int) - wanted).max() < 12


def test_an_mp4_begins_with_its_index() -> None:
    data = encoded("mp4", clip())
    assert data[4:8] == b"ftyp"
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_cancelling_stops_the_encoding() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(JobCancelled):
        encode(clip(), frames_per_second=8, file_format="mp4", cancellation=cancellation)
