"""What the tts worker measures of its speech. Declares series; counts nothing itself."""

from prometheus_client import CollectorRegistry, Counter, Histogram

STAGES = ("pronounce", "synthesize", "encode")
"""The parts of a task: text to tokens, tokens to samples, samples to a file."""

_FACTOR_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 4)
_FIRST_AUDIO_BUCKETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60)


class TtsMetrics:
    """The series of the tts worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.audio_seconds = Counter(
            "atelier_tts_audio_seconds", "Seconds of sound made.", registry=registry
        )
        self.characters = Counter(
            "atelier_tts_characters", "Characters of text read to their end.", registry=registry
        )
        self.real_time_factor = Histogram(
            "atelier_tts_real_time_factor",
            "Seconds of computing per second of sound, by reading.",
            buckets=_FACTOR_BUCKETS,
            registry=registry,
        )
        self.time_to_first_audio_seconds = Histogram(
            "atelier_tts_time_to_first_audio_seconds",
            "Time from a call's arrival to its first bytes of sound.",
            buckets=_FIRST_AUDIO_BUCKETS,
            registry=registry,
        )
