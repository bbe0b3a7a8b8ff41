"""The GPU's series as a worker serves them, of a torch that says it has a GPU: there is none here.

Run as `python -m tests.support.gpu_exporter <port>`. The collector is the real one.
"""

import signal
import sys
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server

from services.common.process_metrics import GpuCollector

_GIB = 1024**3
_CUDA = SimpleNamespace(
    is_initialized=lambda: True,
    device_count=lambda: 1,
    mem_get_info=lambda _number: (60 * _GIB, 80 * _GIB),
    memory_allocated=lambda _number: 15 * _GIB,
    memory_reserved=lambda _number: 18 * _GIB,
    utilization=lambda _number: 73,
)


def main() -> None:
    modules: dict[str, Any] = sys.modules
    modules["torch"] = SimpleNamespace(cuda=_CUDA)
    registry = CollectorRegistry()
    registry.register(GpuCollector())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    start_http_server(int(sys.argv[1]), "127.0.0.1", registry)
    signal.pause()


if __name__ == "__main__":
    main()
