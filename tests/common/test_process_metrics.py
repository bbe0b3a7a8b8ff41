"""The figures of the process, and of its GPU where there is one."""

import sys
import tomllib
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, generate_latest

from services.common.process_metrics import GpuCollector, new_registry
from services.common.settings import ROOT
from services.common.version import VERSION


class Cuda:
    """torch.cuda of a machine with two GPUs, the second of which may be broken or not used."""

    def __init__(
        self,
        *,
        initialized: bool = True,
        broken: bool = False,
        used: int = 2,
        has_nvml: bool = True,
    ) -> None:
        self._initialized = initialized
        self._broken = broken
        self._used = used
        self._has_nvml = has_nvml

    def is_initialized(self) -> bool:
        return self._initialized

    def device_count(self) -> int:
        return 2

    def mem_get_info(self, number: int) -> tuple[int, int]:
        assert number < self._used, "the question alone takes memory on that GPU"
        if number == 1 and self._broken:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return 60, 80

    def memory_allocated(self, number: int) -> int:
        return 10 + number

    def memory_reserved(self, number: int) -> int:
        return 20 if number < self._used else 0

    def utilization(self, number: int) -> int:
        if not self._has_nvml:
            raise ModuleNotFoundError("nvidia-ml-py does not seem to be installed")
        return 25 * (number + 1)


def page(torch: object, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "torch", torch)
    registry = CollectorRegistry()
    registry.register(GpuCollector())
    return generate_latest(registry).decode()


def test_the_memory_of_each_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda()), monkeypatch)
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="allocated"} 10.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:1",kind="allocated"} 11.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="free"} 60.0' in text
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="total"} 80.0' in text


def test_a_broken_gpu_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda(broken=True)), monkeypatch)
    assert 'device="cuda:0",kind="total"' in text
    assert 'device="cuda:1",kind' not in text


def test_the_load_of_each_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda()), monkeypatch)
    assert 'atelier_gpu_utilization_ratio{device="cuda:0"} 0.25' in text
    assert 'atelier_gpu_utilization_ratio{device="cuda:1"} 0.5' in text


def test_without_nvml_there_is_the_memory_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda(has_nvml=False)), monkeypatch)
    assert 'atelier_gpu_memory_bytes{device="cuda:0",kind="total"} 80.0' in text
    assert "atelier_gpu_utilization_ratio{" not in text


def test_a_gpu_of_others_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page(SimpleNamespace(cuda=Cuda(used=1)), monkeypatch)
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
    registry = new_registry("llm")
    Counter("things", "Things.", registry=registry).inc()
    text = generate_latest(registry).decode()
    assert "process_resident_memory_bytes " in text
    assert "things_total 1.0" in text
    assert "_created" not in text


def test_a_registry_says_which_process_of_which_version_it_is() -> None:
    text = generate_latest(new_registry("llm")).decode()
    assert f'atelier_build_info{{process="llm",version="{VERSION}"}} 1.0' in text


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((ROOT / "deploy" / "helm" / "atelier" / "Chart.yaml").read_text())
    assert project["version"] == chart["appVersion"] == VERSION
