"""Samples into a sound file, as they come. Knows formats, not speech.

The file can be given away while it grows, or held until it is whole, when its header can
say how long it is.
"""

import io
import struct
from typing import Protocol, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

Samples = npt.NDArray[np.float32]

_OPUS_RATE = 48_000
_KINDS = {
    "flac": ("flac", "flac", "audio/flac", None),
    "mp3": ("mp3", "libmp3lame", "audio/mpeg", 96_000),
    "opus": ("ogg", "libopus", "audio/ogg; codecs=opus", 48_000),
}
"""By format: container, codec, media type, bits per second."""
_STREAMED = {
    # Without a way back to the beginning, MP3's table of contents would stay empty.
    "mp3": {"write_xing": "0"},
    # Microseconds of sound in a page of Ogg, which is given away whole.
    "opus": {"page_duration": "200000"},
}
_UNKNOWN_LENGTH = 0xFFFFFFFF
_WAV_HEADER_BYTES = 44


class Encoder(Protocol):
    """A file that is being written."""

    content_type: str
    sample_rate: int
    """Of the file; it may differ from that of the samples that go in."""

    @property
    def held_bytes(self) -> int:
        """How much of the file is in memory."""

    def encode(self, samples: Samples) -> bytes:
        """Takes mono samples from -1 to 1; returns what is ready to be given away."""

    def finish(self) -> bytes:
        """The rest of the file. Nothing may be encoded after it."""


def encoder(name: str, sample_rate: int, *, held: bool) -> Encoder:
    """A writer for the format: "wav", "pcm", "flac", "mp3" or "opus". `held`: see the module."""
    if name in ("wav", "pcm"):
        return _PlainEncoder(sample_rate, held=held, header=name == "wav")
    return _ContainerEncoder(name, sample_rate, held=held)


class _PlainEncoder:
    """16-bit samples, with or without a RIFF header."""

    def __init__(self, sample_rate: int, *, held: bool, header: bool) -> None:
        pcm = f"audio/pcm;rate={sample_rate};channels=1"
        self.content_type = "audio/wav" if header else pcm
        self.sample_rate = sample_rate
        self._held = held
        self._header = header
        self._parts: list[bytes] = []
        self._bytes = 0
        self._begun = False

    @property
    def held_bytes(self) -> int:
        return self._bytes if self._held else 0

    def encode(self, samples: Samples) -> bytes:
        data = _integers(samples).tobytes()
        self._bytes += len(data)
        if self._held:
            self._parts.append(data)
            return b""
        return self._head(_UNKNOWN_LENGTH) + data

    def finish(self) -> bytes:
        return self._head(self._bytes) + b"".join(self._parts)

    def _head(self, data_bytes: int) -> bytes:
        if self._begun or not self._header:
            return b""
        self._begun = True
        return wav_header(self.sample_rate, data_bytes)


def wav_header(sample_rate: int, data_bytes: int) -> bytes:
    """A RIFF header for 16-bit mono samples; both lengths at their maximum if unknown."""
    riff_bytes = min(data_bytes + _WAV_HEADER_BYTES - 8, _UNKNOWN_LENGTH)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        riff_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,  # PCM
        1,  # channels
        sample_rate,
        sample_rate * 2,
        2,
        16,
        b"data",
        data_bytes,
    )


class _ContainerEncoder:
    """FLAC, MP3, or Opus in Ogg, written by FFmpeg's libraries."""

    def __init__(self, name: str, sample_rate: int, *, held: bool) -> None:
        container, codec, self.content_type, bits_per_second = _KINDS[name]
        self.sample_rate = _OPUS_RATE if name == "opus" else sample_rate
        self._input_rate = sample_rate
        self._sink: io.BytesIO | _Pipe = io.BytesIO() if held else _Pipe()
        options = {} if held else _STREAMED.get(name, {})
        self._container = av.open(self._sink, mode="w", format=container, options=options)
        self._stream = cast("AudioStream", self._container.add_stream(codec, rate=self.sample_rate))
        self._stream.layout = "mono"
        if bits_per_second:
            self._stream.bit_rate = bits_per_second
        self._samples = 0

    @property
    def held_bytes(self) -> int:
        return self._sink.tell() if isinstance(self._sink, io.BytesIO) else 0

    def encode(self, samples: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(
            _integers(samples).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = self._input_rate
        frame.pts = self._samples
        self._samples += frame.samples
        self._container.mux(self._stream.encode(frame))
        return self._ready()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.getvalue() if isinstance(self._sink, io.BytesIO) else self._sink.take()

    def _ready(self) -> bytes:
        return b"" if isinstance(self._sink, io.BytesIO) else self._sink.take()


class _Pipe:
    """A file that can only be written on, and gives away what was written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _integers(samples: Samples) -> npt.NDArray[np.int16]:
    scaled = np.clip(samples, -1.0, 1.0) * np.float32(32767)
    integers: npt.NDArray[np.int16] = np.rint(scaled).astype("<i2")
    return integers
