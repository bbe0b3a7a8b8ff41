"""Sound files read back, by libraries other than the code that wrote them."""

import io
import wave
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Sound:
    """Mono samples from -1 to 1."""

    samples: npt.NDArray[np.float32]
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


def decoded(data: bytes, media_type: str = "") -> Sound:
    """What is in a sound file; `media_type` is needed for bare samples only."""
    if media_type.startswith("audio/pcm"):
        rate = int(media_type.partition("rate=")[2].partition(";")[0])
        return Sound(np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768), rate)
    with av.open(io.BytesIO(data), mode="r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="flt", layout="mono")
        parts = [
            part.to_ndarray()[0]
            for frame in container.decode(stream)
            for part in resampler.resample(frame)
        ]
        return Sound(np.concatenate(parts), stream.rate)


def wav_seconds(data: bytes) -> float:
    """The length that the header of a WAV file promises."""
    with wave.open(io.BytesIO(data)) as file:
        return float(file.getnframes() / file.getframerate())
