"""What the videogen worker measures beside what every worker does."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.videogen.order import FORMATS

STAGES = ("load", "denoise", "decode", "encode")
"""The parts of a task, as atelier_worker_task_seconds names them."""

_STEP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ENCODING_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class VideogenMetrics:
    """The series of the videogen worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds_per_step = Histogram(
            "atelier_videogen_seconds_per_step",
            "Time of a denoising step.",
            buckets=_STEP_BUCKETS,
            registry=registry,
        )
        self.encoding_seconds = Histogram(
            "atelier_videogen_encoding_seconds",
            "Time of encoding a clip, by file format.",
            ["format"],
            buckets=_ENCODING_BUCKETS,
            registry=registry,
        )
        self.clips = Counter(
            "atelier_videogen_clips",
            "Clips that were finished, by file format.",
            ["format"],
            registry=registry,
        )
        for name in FORMATS:
            self.encoding_seconds.labels(format=name)
            self.clips.labels(format=name)
        self.frames = Counter(
            "atelier_videogen_frames", "Frames of the finished clips.", registry=registry
        )
        self.pixels = Counter(
            "atelier_videogen_pixels",
            "Pixels of all frames of the finished clips.",
            registry=registry,
        )
        self.previews = Counter(
            "atelier_videogen_previews", "Previews that were sent.", registry=registry
        )
