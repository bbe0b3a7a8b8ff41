"""What each process says of itself: its version, CPU, memory, and its GPU where there is one."""

import sys
from collections.abc import Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.common.version import VERSION


class GpuCollector(Collector):
    """Reads torch's figures at scrape, if the process has loaded torch and works on a GPU.

    Never imports torch: a process that has not computed yet has nothing to tell. Nor does it ask
    about a GPU on which the process holds nothing, since the question alone takes memory there.
    """

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields memory and load of each GPU that the process uses; nothing without one."""
        cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
        # A module that another thread is importing right now lacks its functions.
        initialized = getattr(cuda, "is_initialized", None)
        if initialized is None or not initialized():
            return
        memory = GaugeMetricFamily(
            "atelier_gpu_memory_bytes",
            "Memory of the GPU: allocated and reserved by this process, free, total.",
            labels=["device", "kind"],
        )
        load = GaugeMetricFamily(
            "atelier_gpu_utilization_ratio",
            "Part of the last moments (up to 1 s) in which the GPU computed, for whomever.",
            labels=["device"],
        )
        for number in range(cuda.device_count()):
            if not cuda.memory_reserved(number):
                continue
            for kind, value in _memory(cuda, number).items():
                memory.add_metric([f"cuda:{number}", kind], value)
            utilization = _utilization(cuda, number)
            if utilization is not None:
                load.add_metric([f"cuda:{number}"], utilization)
        yield from (memory, load)


def _memory(cuda: Any, number: int) -> dict[str, int]:
    """Bytes by kind; none of a broken GPU, which must not take the other figures with it."""
    try:
        free, total = cuda.mem_get_info(number)
    except RuntimeError:
        return {}
    return {
        "allocated": cuda.memory_allocated(number),
        "reserved": cuda.memory_reserved(number),
        "free": free,
        "total": total,
    }


def _utilization(cuda: Any, number: int) -> float | None:
    """None where it cannot be told: without nvidia-ml-py, or of a part of a GPU (MIG)."""
    try:
        return float(cuda.utilization(number)) / 100
    except Exception:  # noqa: BLE001  # NVML has a class of its own for each of its troubles
        return None


def new_registry(process: str) -> CollectorRegistry:
    """A registry with the own figures of a process, "gateway" or a worker's name.

    Without the `_created` series that prometheus-client adds to each counter and histogram: they
    double the page and nothing reads them.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(GpuCollector())
    Gauge(
        "atelier_build_info",
        "1; the labels say which process of which version this is.",
        ["process", "version"],
        registry=registry,
    ).labels(process=process, version=VERSION).set(1)
    return registry
