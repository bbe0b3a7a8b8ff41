"""The figures of the process, and of the GPU where there is one."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from services.common.process_metrics import GpuMemoryCollector, new_registry


class Cuda:
    """torch.cuda of a machine with two GPUs, the second of which may be broken."""

    def __init__(self, *, initialized: bool = True, broken: bool = False) -> None:
        self._initialized = initialized
        self._broken = broken

    def is_initialized(self) -> bool:
        return self._initialized

    def device_count(self) -> int:
        return 2

    def mem_get_info(self, number: int) -> tuple[int, int]:
        if number == 1 and self._broken:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return 60, 80

    def memory_allocated(self, number: int) -> int:
        return 10 + number

    def memory_reserved(self, number: int) -> int:
        return 20


def page(torch: object, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "torch", torch)
    registry = CollectorRegistry()
    registry.register(GpuMemoryCollector())
    return generate_latest(registry).decode()


def test_the_memory_of_each_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda()), monkeypatch)
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="allocated"} 10.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:1",kind="allocated"} 11.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="free"} 60.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="total"} 80.0' in text


def test_a_broken_gpu_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda(broken=True)), monkeypatch)
    assert 'device="cuda:0"' in text
    assert 'device="cuda:1"' not in text


@pytest.mark.parametrize(
    "torch",
    [None, ModuleType("torch"), SimpleNamespace(cuda=ModuleType("torch.cuda"))],
    ids=["not imported", "half imported", "cuda half imported"],
)
def test_a_process_without_torch_has_no_gpu(torch: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(torch, monkeypatch) == ""


def test_a_gpu_that_is_not_used_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page(SimpleNamespace(cuda=Cuda(initialized=False)), monkeypatch) == ""


def test_a_registry_has_the_processes_figures_and_no_created_series() -> None:
    registry = new_registry()
    Counter("things", "Things.", registry=registry).inc()
    text = generate_latest(registry).decode()
    assert "process_resident_memory_bytes " in text
    assert "things_total 1.0" in text
    assert "_created" not in text
