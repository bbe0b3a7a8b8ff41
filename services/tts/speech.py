"""What the servicer and the engine say to each other. Values only."""

from dataclasses import dataclass

FORMATS = ("wav", "pcm", "flac", "mp3", "opus")
"""Sound formats, the default one first."""
SPEED_MIN, SPEED_MAX = 0.25, 4.0
SEED_MAX = 2**32 - 1


@dataclass(frozen=True)
class Voice:
    """Someone who can read."""

    id: str
    language: str
    """A BCP 47 tag."""
    display_name: str


@dataclass(frozen=True)
class Speech:
    """A text to read, and how; every value is in its range."""

    text: str
    voice: str
    """The id of a voice."""
    format: str
    speed: float
    seed: int
    max_held_bytes: int | None = None
    """None: give the file away as it grows, its header not knowing its length. Else hold the
    file until it is whole, up to so many bytes, and give it in one piece."""


@dataclass(frozen=True)
class Started:
    """Reading begins."""

    content_type: str
    sample_rate: int
    channels: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SentenceBegan:
    """The audio after this belongs to this sentence."""

    text: str
    offset: int
    start_seconds: float


@dataclass(frozen=True)
class Audio:
    """The next bytes of the file."""

    data: bytes


@dataclass(frozen=True)
class Finished:
    """The file is complete."""

    audio_seconds: float
    computing_seconds: float
    """Time in the engine, without the time that the reader of the stream took."""


SpeechEvent = Started | SentenceBegan | Audio | Finished
