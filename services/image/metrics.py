"""What the image worker measures beside what every worker does."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.image.order import FORMATS

STAGES = ("load", "denoise", "decode", "encode")
"""The parts of a task, as atelier_worker_task_seconds names them."""

_STEP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ImageMetrics:
    """The series of the image worker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds_per_step = Histogram(
            "atelier_image_seconds_per_step",
            "Time of a denoising step.",
            buckets=_STEP_BUCKETS,
            registry=registry,
        )
        self.pictures = Counter(
            "atelier_image_pictures",
            "Pictures that were finished, by file format.",
            ["format"],
            registry=registry,
        )
        for name in FORMATS:
            self.pictures.labels(format=name)
        self.pixels = Counter(
            "atelier_image_pixels", "Pixels of the finished pictures.", registry=registry
        )
        self.previews = Counter(
            "atelier_image_previews", "Previews that were sent.", registry=registry
        )
