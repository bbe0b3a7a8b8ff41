"""A model is loaded once, whoever asks, and a failed attempt says why and is tried again."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from services.common.errors import GpuOutOfMemory, ModelLoadFailed
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.settings import SettingsError
from services.common.worker_metrics import WorkerMetrics


class Loader:
    """Loads a model of the name "weights", after the errors that it is to raise first."""

    def __init__(self, *errors: Exception) -> None:
        self.calls = 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.began = threading.Event()
        self._errors = list(errors)

    def __call__(self) -> LoadedModel[str]:
        self.calls += 1
        self.began.set()
        assert self.may_end.wait(30)
        if self._errors:
            raise self._errors.pop(0)
        return LoadedModel("weights", device="cpu", dtype="float32", parameters=135_000_000)


class Slot(ModelSlot[str]):
    def __init__(self, loader: Loader) -> None:
        self.registry = CollectorRegistry()
        super().__init__(
            name="smollm2",
            device="cpu",
            load=loader,
            metrics=WorkerMetrics(self.registry, ()),
        )

    def figure(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"atelier_worker_{name}")


def test_it_loads_with_the_first_task_and_never_again() -> None:
    loader = Loader()
    slot = Slot(loader)
    assert (slot.loaded, slot.status().state, loader.calls) == (False, "unloaded", 0)
    assert slot.get() == slot.get() == "weights"
    status = slot.status()
    assert (slot.loaded, loader.calls) == (True, 1)
    assert (status.state, status.name, status.device) == ("loaded", "smollm2", "cpu")
    assert (status.dtype, status.parameters) == ("float32", 135_000_000)
    assert slot.figure("model_loaded") == slot.figure("model_load_seconds_count") == 1


def test_many_who_come_at_once_wait_for_one_loading() -> None:
    loader = Loader()
    loader.may_end.clear()
    slot = Slot(loader)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(slot.get) for _ in range(8)]
        assert loader.began.wait(30)
        assert slot.status().state == "loading"  # answered at once, while it loads
        loader.may_end.set()
        assert {item.result(30) for item in asked} == {"weights"}
    assert loader.calls == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("no such file\nand more"), "OSError: no such file"),
        (KeyError(), "KeyError"),
        (SettingsError("model", "is not prepared; run it"), "model: is not prepared; run it"),
    ],
)
def test_a_failed_loading_says_why_and_is_tried_again(error: Exception, says: str) -> None:
    loader = Loader(error)
    slot = Slot(loader)
    with pytest.raises(ModelLoadFailed) as failed:
        slot.get()
    assert failed.value.message == f"smollm2 cannot be loaded: {says}"
    assert (slot.status().state, slot.status().load_error) == ("failed", says)
    assert slot.figure("model_load_failures_total") == 1

    assert slot.get() == "weights"
    assert (slot.status().state, slot.status().load_error) == ("loaded", "")


def test_a_domain_error_keeps_its_reason() -> None:
    slot = Slot(Loader(GpuOutOfMemory("the model needs 20 GB")))
    with pytest.raises(GpuOutOfMemory):
        slot.get()
    assert slot.status().load_error == "the model needs 20 GB"


def test_the_next_attempt_shows_no_old_error() -> None:
    loader = Loader(OSError("first"))
    slot = Slot(loader)
    with pytest.raises(ModelLoadFailed):
        slot.get()
    loader.may_end.clear()
    loader.began.clear()
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(slot.get)
        assert loader.began.wait(30)
        assert (slot.status().state, slot.status().load_error) == ("loading", "")
        loader.may_end.set()
        assert again.result(30) == "weights"


def test_an_unloaded_model_is_loaded_again() -> None:
    loader = Loader()
    slot = Slot(loader)
    slot.get()
    slot.unload()
    assert (slot.loaded, slot.figure("model_loaded")) == (False, 0)
    assert slot.get() == "weights"
    assert loader.calls == 2


def test_a_wrong_setting_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    slots = [Slot(Loader(SettingsError("model", "is missing"))), Slot(Loader(OSError("disk")))]
    for slot in slots:
        with pytest.raises(ModelLoadFailed):
            slot.get()
    wrong_setting, broken = (item for item in caplog.records if item.levelno == logging.ERROR)
    assert not wrong_setting.exc_info
    assert broken.exc_info
