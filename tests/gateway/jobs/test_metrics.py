"""What Prometheus reads of the jobs is what the store holds, complete from the first scrape."""

import time
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.gateway.jobs.metrics import JobMetrics
from tests.support.kept_jobs import new_job, open_store, run_job


class Watched:
    """Metrics whose figures can be read."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = JobMetrics(self.registry, ["image", "tts"])

    def figure(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"atelier_job{name}", labels)
        assert value is not None, name
        return value


def test_every_series_stands_at_zero_before_the_store_is_open() -> None:
    watched = Watched()
    for name in ("image", "tts"):
        for state in ("queued", "running"):
            assert watched.figure("s", capability=name, state=state) == 0
        for state in ("succeeded", "failed", "cancelled"):
            assert watched.figure("s_ended_total", capability=name, state=state) == 0
        for family in ("s_refused_total", "s_oldest_wait_seconds", "_wait_seconds_count"):
            assert watched.figure(family, capability=name) == 0
    for family in ("s_queue_limit", "s_stored_bytes", "s_evicted_total"):
        assert watched.figure(family) == 0


async def test_the_store_is_read_at_scrape(tmp_path: Path) -> None:
    watched = Watched()
    store = await open_store(tmp_path)
    try:
        watched.metrics.read_from(store, dict, 256)
        assert watched.figure("s_queue_limit") == 256
        first, _ = await store.add(new_job("a dog"))
        await store.add(new_job("a cat"))
        assert watched.figure("s", capability="image", state="queued") == 2
        await run_job(store, first, b"a picture")
        assert watched.figure("s", capability="image", state="queued") == 1
        assert watched.figure("s_stored_bytes") >= len(b"a picture")
    finally:
        await store.close()


async def test_the_longest_waiting_job_is_as_old_as_its_acceptance(tmp_path: Path) -> None:
    watched = Watched()
    accepted = {"image": time.time() - 100}
    store = await open_store(tmp_path)
    try:
        watched.metrics.read_from(store, lambda: accepted, 256)
        assert watched.figure("s_oldest_wait_seconds", capability="image") >= 100
        assert watched.figure("s_oldest_wait_seconds", capability="tts") == 0
        accepted.clear()
        assert watched.figure("s_oldest_wait_seconds", capability="image") == 0
    finally:
        await store.close()


def test_refusals_count_by_capability() -> None:
    watched = Watched()
    watched.metrics.refused("tts")
    assert watched.figure("s_refused_total", capability="tts") == 1
    assert watched.figure("s_refused_total", capability="image") == 0
