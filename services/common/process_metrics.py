"""What each process says of itself: CPU, memory, and the GPU's memory where there is one."""

import sys
from collections.abc import Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class GpuMemoryCollector(Collector):
    """Reads torch's memory figures at scrape, if the process has loaded torch and has a GPU.

    Never imports torch: a process that has not computed yet has nothing to tell.
    """

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields allocated, reserved and total bytes of each GPU; nothing without one."""
        cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
        # A module that another thread is importing right now lacks its functions.
        initialized = getattr(cuda, "is_initialized", None)
        if initialized is None or not initialized():
            return
        memory = GaugeMetricFamily(
            "atelier_gpu_memory_bytes", "Memory of the GPU.", labels=["device", "kind"]
        )
        for number in range(cuda.device_count()):
            try:
                free, total = cuda.mem_get_info(number)
            except RuntimeError:  # a broken GPU must not take the other figures with it
                continue
            figures = {
                "allocated": cuda.memory_allocated(number),
                "reserved": cuda.memory_reserved(number),
                "free": free,
                "total": total,
            }
            for kind, value in figures.items():
                memory.add_metric([f"cuda:{number}", kind], value)
        yield memory


def new_registry() -> CollectorRegistry:
    """A registry with the process's own figures.

    Without the `_created` series that prometheus-client adds to each counter and histogram: they
    double the page and nothing reads them.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(GpuMemoryCollector())
    return registry
