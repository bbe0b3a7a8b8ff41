"""The jobs' series. What is a state is read from the store at scrape, so it cannot drift."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from services.gateway.jobs.record import ENDED, QUEUED, RUNNING, JobRecord
from services.gateway.jobs.store import JobStore

_WAIT_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class JobMetrics:
    """Declares the series; every one exists from the start."""

    def __init__(self, registry: CollectorRegistry, capabilities: Iterable[str]) -> None:
        self._capabilities = tuple(capabilities)
        self._store: JobStore | None = None
        self._waiting_since: Callable[[], Mapping[str, float]] = dict
        self._ended = Counter(
            "atelier_jobs_ended",
            "Jobs that have ended, by capability and state.",
            ("capability", "state"),
            registry=registry,
        )
        self._wait = Histogram(
            "atelier_job_wait_seconds",
            "How long a job waited before its first attempt.",
            ("capability",),
            buckets=_WAIT_BUCKETS,
            registry=registry,
        )
        self._refused = Counter(
            "atelier_jobs_refused",
            "Jobs that were refused because too many waited, by capability.",
            ("capability",),
            registry=registry,
        )
        self._queue_limit = Gauge(
            "atelier_jobs_queue_limit",
            "How many jobs may wait, those of all capabilities together.",
            registry=registry,
        )
        for name in self._capabilities:
            self._wait.labels(name)
            self._refused.labels(name)
            for state in sorted(ENDED):
                self._ended.labels(name, state)
        registry.register(self)

    def read_from(
        self, store: JobStore, waiting_since: Callable[[], Mapping[str, float]], queue_size: int
    ) -> None:
        """Reads the gauges from there from now on.

        `waiting_since` tells for each capability with waiting jobs when the first of them was
        accepted, as a Unix time; it is called by another thread.
        """
        self._store = store
        self._waiting_since = waiting_since
        self._queue_limit.set(queue_size)

    def refused(self, capability: str) -> None:
        """A job found no room."""
        self._refused.labels(capability).inc()

    def started(self, record: JobRecord) -> None:
        """An attempt has begun."""
        if record.attempts == 1 and record.start_time is not None:
            self._wait.labels(record.capability).observe(record.start_time - record.create_time)

    def ended(self, record: JobRecord) -> None:
        """A job has ended."""
        self._ended.labels(record.capability, record.state).inc()

    def describe(self) -> Iterator[Metric]:
        """The families without values, so that registering reads nothing."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """The families with what the store says now."""
        jobs, oldest, stored, evicted = self._families()
        counts = self._store.counts() if self._store is not None else {}
        now, since = time.time(), self._waiting_since()
        for name in self._capabilities:
            for state in (QUEUED, RUNNING):
                jobs.add_metric((name, state), counts.get((name, state), 0))
            oldest.add_metric((name,), max(0.0, now - since.get(name, now)))
        stored.add_metric((), self._store.stored_bytes if self._store is not None else 0)
        evicted.add_metric((), self._store.evicted_total if self._store is not None else 0)
        yield from (jobs, oldest, stored, evicted)

    def _families(
        self,
    ) -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily]:
        return (
            GaugeMetricFamily(
                "atelier_jobs", "Jobs that wait or run.", labels=("capability", "state")
            ),
            GaugeMetricFamily(
                "atelier_jobs_oldest_wait_seconds",
                "Time since the longest waiting job was accepted; 0 if none waits.",
                labels=("capability",),
            ),
            GaugeMetricFamily(
                "atelier_jobs_stored_bytes", "Bytes of all files of all jobs.", labels=()
            ),
            CounterMetricFamily(
                "atelier_jobs_evicted", "Ended jobs that were deleted to make room.", labels=()
            ),
        )
