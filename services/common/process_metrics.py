"""What each process says of itself: CPU, memory, and the GPU's memory where there is one."""

import sys
from collections.abc import Iterator

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
        torch = sys.modules.get("torch")
        cuda = getattr(torch, "cuda", None)
        if cuda is None or not cuda.is_initialized():
            return
        memory = GaugeMetricFamily(
            "atelier_gpu_memory_bytes", "Memory of the GPU.", labels=["device", "kind"]
        )
        for number in range(cuda.device_count()):
            device = f"cuda:{number}"
            free, total = cuda.mem_get_info(number)
            memory.add_metric([device, "allocated"], cuda.memory_allocated(number))
            memory.add_metric([device, "reserved"], cuda.memory_reserved(number))
            memory.add_metric([device, "free"], free)
            memory.add_metric([device, "total"], total)
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
