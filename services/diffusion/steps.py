"""The steps of one pipeline call: progress, previews, and stopping within a step.

Knows how diffusers pipelines call back; knows nothing of pictures or clips.
"""

import functools
import logging
import math
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import torch
from diffusers import DiffusionPipeline
from torch import Tensor

from services.common import tracing
from services.common.cancellation import Cancellation
from services.common.pace import Pace
from services.diffusion.events import PreviewTaken, StepDone

log = logging.getLogger(__name__)
Report = Callable[[StepDone | PreviewTaken], None]

MOST_SPANS = 256
"""How many steps of a task are traced at most; of more, every second, every third and so on is."""


TakePreview = Callable[[Tensor], bytes | None]
"""Makes a small JPEG of latents; None if it cannot."""


def has_step_callback(parameters: Collection[str]) -> bool:
    """Whether a pipeline with these call parameters calls back after each step."""
    return "callback_on_step_end" in parameters


def can_stop(pipeline: type[DiffusionPipeline], parameters: Collection[str]) -> bool:
    """Whether a running call of the pipeline can be stopped between two steps.

    A pipeline without a step callback can be if it moves a progress bar at every step.
    """
    if has_step_callback(parameters):
        return True
    call = getattr(pipeline.__call__, "__wrapped__", pipeline.__call__)
    return "progress_bar" in call.__code__.co_names


def warn_if_unstoppable(pipeline: DiffusionPipeline, parameters: Collection[str]) -> None:
    """Says in the log what stopping a task of this pipeline comes to."""
    name = type(pipeline).__name__
    if not can_stop(type(pipeline), parameters):
        log.warning("%s cannot be stopped between steps; a cancelled task runs to its end", name)
    elif not has_step_callback(parameters):
        log.warning("%s has no step callback; it is stopped by its progress bar", name)


class Steps:
    """Watches the steps of a task that calls its pipeline `parts` times.

    Raises JobCancelled inside the pipeline, at the end of the step, once it is cancelled.
    """

    def __init__(
        self,
        report: Report,
        cancellation: Cancellation,
        *,
        expected: int,
        parts: int = 1,
        preview: TakePreview | None = None,
        preview_every_steps: int = 0,
    ) -> None:
        self._report = report
        self._cancellation = cancellation
        self._per_part = expected
        self._parts = parts
        self._part = 0
        self._preview = preview if preview_every_steps else None
        self._every = preview_every_steps
        self._done_in_part = 0
        self._pace = Pace(time.monotonic())
        self._clean: Tensor | None = None
        self._denoising = tracing.NOTHING
        self.last_step_ended = time.monotonic()

    @property
    def done(self) -> int:
        """Steps of this part that have ended."""
        return self._done_in_part

    @contextmanager
    def watching(
        self, pipeline: DiffusionPipeline, parameters: Collection[str]
    ) -> Iterator[dict[str, Any]]:
        """Watches one call of the pipeline; gives the arguments that the call needs for it."""
        self._cancellation.check()
        self._done_in_part = 0
        self._clean = None
        self._denoising = tracing.active.begin("denoise", {"atelier.part": self._part + 1})
        self.last_step_ended = time.monotonic()
        if self._preview is not None and pipeline.scheduler is not None:
            self._listen_to(pipeline.scheduler)
        try:
            if has_step_callback(parameters):
                yield {"callback_on_step_end": self._callback}
            else:
                pipeline.progress_bar = self._progress_bar
                yield {}
        except BaseException:
            self._denoising.end()
            raise
        finally:
            self._denoising.end(self.last_step_ended)
            pipeline.__dict__.pop("progress_bar", None)
            # A call that was broken off has not sent its parts back to the CPU.
            pipeline.maybe_free_model_hooks()
        tracing.active.record("decode", self.last_step_ended, time.monotonic())
        self._part += 1

    def _callback(
        self, pipeline: DiffusionPipeline, _step: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        total = getattr(pipeline, "num_timesteps", None)
        if isinstance(total, int) and total > 0:
            self._per_part = total
        self._ended(tensors.get("latents"))
        return tensors

    def _progress_bar(self, iterable: Any = None, total: int | None = None) -> "_Bar":
        if total is None and iterable is not None and hasattr(iterable, "__len__"):
            total = len(iterable)
        if total:
            self._per_part = total
        return _Bar(self._ended, iterable)

    def _ended(self, latents: Tensor | None = None) -> None:
        self._cancellation.check()
        self._done_in_part += 1
        began = self.last_step_ended
        self.last_step_ended = now = time.monotonic()
        total = self._per_part * self._parts
        step = min(self._part * self._per_part + self._done_in_part, total)
        seconds = self._pace.step(now)
        remaining = self._pace.remaining_seconds(total - step)
        if step % max(1, math.ceil(total / MOST_SPANS)) == 0:
            about = {"atelier.step": step, "atelier.steps": total}
            tracing.active.record("step", began, now, about, self._denoising)
        self._report(StepDone(step, total, seconds, remaining))
        # No preview of the last step: the result itself follows.
        if self._preview and step % self._every == 0 and self._done_in_part < self._per_part:
            clean = latents if self._clean is None else self._clean
            jpeg = None if clean is None else self._preview(clean)
            if jpeg is not None:
                self._report(PreviewTaken(jpeg, step))

    def _listen_to(self, scheduler: Any) -> None:
        """Keeps what the scheduler takes for the clean latents: a better preview than noisy ones.

        The scheduler is this task's own, so its method can be wrapped.
        """
        original = scheduler.step

        @functools.wraps(original)
        def step(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            self._clean = _clean_latents(result)
            return result

        scheduler.step = step


class _Bar:
    """A progress bar that only counts, for pipelines that have no step callback."""

    def __init__(self, ended: Callable[[], None], iterable: Any = None) -> None:
        self._ended = ended
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        for item in self._iterable:
            yield item
            self._ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def update(self, count: int = 1) -> None:
        """A step has ended."""
        for _ in range(count):
            self._ended()


def _clean_latents(result: Any) -> Tensor | None:
    """The second value of a scheduler's answer, where it is the predicted clean sample."""
    if isinstance(result, tuple) and len(result) > 1:
        previous, clean = result[0], result[1]
        same = isinstance(clean, torch.Tensor) and clean.shape == previous.shape
        return clean if same else None
    return getattr(result, "pred_original_sample", None)
