"""Holds a worker's model: loads it with the first task, and says how that went."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from atelier.common.v1 import progress_pb2
from services.common import tracing
from services.common.errors import AtelierError, ModelLoadFailed
from services.common.settings import SettingsError
from services.common.worker_metrics import WorkerMetrics

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedModel(Generic[T]):
    """A model in memory, and what there is to say about it."""

    value: T
    device: str
    """As torch names it, "cpu" or "cuda:0"."""
    dtype: str
    """"bfloat16" for example."""
    parameters: int


class ModelSlot(Generic[T]):
    """Loads once; whoever comes meanwhile waits for the same loading.

    `load` may raise anything: it becomes ModelLoadFailed, and the next task tries again.
    """

    def __init__(
        self, *, name: str, device: str, load: Callable[[], LoadedModel[T]], metrics: WorkerMetrics
    ) -> None:
        self._name = name
        self._device = device
        self._load = load
        self._metrics = metrics
        self._lock = threading.Lock()
        self._loaded: LoadedModel[T] | None = None
        self._loading = False
        self._error = ""

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._loaded is not None

    def get(self) -> T:
        """The model; loads it if need be, which may take minutes: never on the event loop.

        Raises ModelLoadFailed with the cause.
        """
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded or self._load_traced()
        return loaded.value

    def unload(self) -> None:
        """Forgets the model; the next task loads it again."""
        with self._lock:
            self._loaded = None
            self._metrics.model_loaded.set(0)

    def status(self) -> progress_pb2.ModelStatus:
        """The model's name and state; answers at once, also while the model loads."""
        loaded = self._loaded
        if loaded is not None:
            return progress_pb2.ModelStatus(
                name=self._name,
                state="loaded",
                device=loaded.device,
                dtype=loaded.dtype,
                parameters=loaded.parameters,
            )
        state = "loading" if self._loading else "failed" if self._error else "unloaded"
        error = "" if self._loading else self._error
        return progress_pb2.ModelStatus(
            name=self._name, state=state, device=self._device, load_error=error
        )

    def _load_traced(self) -> LoadedModel[T]:
        with tracing.active.span("load model", {"atelier.model": self._name}) as span:
            loaded = self._load_now()
            span.set("atelier.device", loaded.device)
            return loaded

    def _load_now(self) -> LoadedModel[T]:
        began = time.monotonic()
        self._loading = True
        try:
            loaded = self._load()
        except Exception as error:
            self._error = _cause(error)
            self._metrics.model_load_failures.inc()
            # What we raise ourselves says all; a library's error needs its trace.
            trace = None if isinstance(error, (AtelierError, SettingsError)) else error
            log.error("%s cannot be loaded: %s", self._name, self._error, exc_info=trace)  # noqa: TRY400  # see trace
            if isinstance(error, AtelierError):
                raise
            raise ModelLoadFailed(f"{self._name} cannot be loaded: {self._error}") from error
        finally:
            self._loading = False
        seconds = time.monotonic() - began
        self._metrics.model_load_seconds.observe(seconds)
        self._metrics.model_loaded.set(1)
        log.info("loaded %s on %s in %.1f s", self._name, loaded.device, seconds)
        self._loaded, self._error = loaded, ""
        return loaded


def _cause(error: Exception) -> str:
    if isinstance(error, AtelierError):
        return error.message
    if isinstance(error, SettingsError):
        return str(error)
    first_line = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
