"""What every worker measures, whatever it makes. Declares series; counts nothing itself."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_WAIT_BUCKETS = (0.005, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_TASK_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_CANCEL_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class WorkerMetrics:
    """The series of the queue, the lane and the model.

    `stages` is the closed set of parts that a task of this worker has, "synthesize" and "encode"
    for example; each has its own series from the start.
    """

    def __init__(self, registry: CollectorRegistry, stages: Sequence[str]) -> None:
        self.queue_depth = Gauge(
            "atelier_worker_queue_depth", "Tasks that wait for their turn.", registry=registry
        )
        self.queue_limit = Gauge(
            "atelier_worker_queue_limit", "How many tasks may wait.", registry=registry
        )
        self.tasks_running = Gauge(
            "atelier_worker_tasks_running", "Tasks that are worked on.", registry=registry
        )
        self.queue_wait_seconds = Histogram(
            "atelier_worker_queue_wait_seconds",
            "Time from a task's arrival to its turn.",
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self.queue_refused = Counter(
            "atelier_worker_queue_refused",
            "Tasks that were refused because too many waited.",
            registry=registry,
        )
        self.task_seconds = Histogram(
            "atelier_worker_task_seconds",
            "Time that tasks took, by stage.",
            ["stage"],
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        for stage in stages:
            self.task_seconds.labels(stage=stage)
        self.model_load_seconds = Histogram(
            "atelier_worker_model_load_seconds",
            "Time that loading the model took.",
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        self.model_load_failures = Counter(
            "atelier_worker_model_load_failures",
            "Attempts to load the model that failed.",
            registry=registry,
        )
        self.model_loaded = Gauge(
            "atelier_worker_model_loaded", "1 while the model is in memory.", registry=registry
        )
        self.cancel_to_idle_seconds = Histogram(
            "atelier_worker_cancel_to_idle_seconds",
            "Time from a task's cancellation to the end of its work.",
            buckets=_CANCEL_BUCKETS,
            registry=registry,
        )
