"""The jobs' series. What is a state is read from the store at scrape, so it cannot drift."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from services.gateway.jobs.record import ENDED, QUEUED, RUNNING, JobRecord
from services.gateway.jobs.store import JobStore

_WAIT_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class JobMetrics:
    """Declares the series; every one exists from the start."""

    def __init__(self, registry: CollectorRegistry, capabilities: Iterable[str]) -> None:
        self._capabilities = tuple(capabilities)
        self._store: JobStore | None = None
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
        for name in self._capabilities:
            self._wait.labels(name)
            for state in sorted(ENDED):
                self._ended.labels(name, state)
        registry.register(self)

    def read_from(self, store: JobStore) -> None:
        """Reads the gauges from this store from now on."""
        self._store = store

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
        jobs, stored, evicted = self._families()
        counts = self._store.counts() if self._store is not None else {}
        for name in self._capabilities:
            for state in (QUEUED, RUNNING):
                jobs.add_metric((name, state), counts.get((name, state), 0))
        stored.add_metric((), self._store.stored_bytes if self._store is not None else 0)
        evicted.add_metric((), self._store.evicted_total if self._store is not None else 0)
        yield from (jobs, stored, evicted)

    def _families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily]:
        return (
            GaugeMetricFamily(
                "atelier_jobs", "Jobs that wait or run.", labels=("capability", "state")
            ),
            GaugeMetricFamily(
                "atelier_jobs_stored_bytes", "Bytes of all files of all jobs.", labels=()
            ),
            CounterMetricFamily(
                "atelier_jobs_evicted", "Ended jobs that were deleted to make room.", labels=()
            ),
        )
