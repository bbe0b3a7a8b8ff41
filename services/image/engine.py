"""Draws with a diffusers pipeline. Knows torch and diffusers; knows nothing of gRPC."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import AutoPipelineForImage2Image, DiffusionPipeline
from PIL import Image

from services.common.cancellation import Cancellation
from services.common.errors import InternalFault
from services.common.model_slot import LoadedModel
from services.common.models import ModelSource
from services.common.relay import relay
from services.diffusion import loading
from services.diffusion.events import PreviewTaken, StepDone
from services.diffusion.folder import find_folder
from services.diffusion.memory import memory_returned
from services.diffusion.own import OwnSettings
from services.diffusion.previews import Previews
from services.diffusion.source import guidance_parameter
from services.diffusion.steps import Steps, warn_if_unstoppable
from services.image.card import text_to_image_class
from services.image.drawn import Drawn
from services.image.order import Order
from services.image.settings import ImageSettings

Event = StepDone | PreviewTaken | Drawn


def load(source: ModelSource, settings: ImageSettings) -> LoadedModel["DiffusersEngine"]:
    """Loads the model. Raises SettingsError, GpuOutOfMemory and what diffusers raises."""
    with memory_returned():
        device = loading.choose_device(settings)
        name = text_to_image_class(loading.pipeline_class_name(source))
        folder = find_folder(source)
        own = folder.own if folder else OwnSettings()
        dtype = loading.choose_dtype(settings.dtype, device, own)
        pipeline = loading.load_pipeline(getattr(diffusers, name), source, dtype)
        engine = DiffusersEngine(pipeline, device, settings)
    return LoadedModel(
        value=engine,
        device=device,
        dtype=str(dtype).removeprefix("torch."),
        parameters=loading.count_parameters(pipeline),
    )


class DiffusersEngine:
    """Draws with one text-to-image pipeline and, where there is one, its image-to-image twin."""

    def __init__(self, pipeline: DiffusionPipeline, device: str, settings: ImageSettings) -> None:
        self._device = device
        self._offload = settings.offload if device != "cpu" else "none"
        self.pipeline = pipeline
        self._redraws: DiffusionPipeline | None = None
        self._placed = pipeline
        self._scheduler = pipeline.scheduler
        offloaded = self._offload != "none"
        if not offloaded:
            pipeline.to(device)
        self._previews = Previews(
            pipeline, loading.pixels_per_latent(pipeline), offloaded=offloaded
        )
        loading.place(pipeline, device, settings)
        warn_if_unstoppable(pipeline, loading.parameters_of(pipeline))

    def draw(self, order: Order, cancellation: Cancellation) -> Iterator[Event]:
        """Yields the steps, the previews and the pictures, as they come.

        Each picture is drawn alone with its own seed, so that it comes out the same when it is
        asked for alone. Raises JobCancelled within a step, GpuOutOfMemory, InternalFault.
        """
        return relay(partial(self._draw_all, order, cancellation))

    def _draw_all(
        self, order: Order, cancellation: Cancellation, report: Callable[[Event], None]
    ) -> None:
        with memory_returned():
            pipeline = self._pipeline_for(order)
            steps = Steps(
                report,
                cancellation,
                expected=order.steps_to_do,
                parts=order.num_images,
                preview=partial(self._previews.jpeg, width=order.width, height=order.height),
                preview_every_steps=order.preview_every_steps,
            )
            for index in range(order.num_images):
                report(self._draw(pipeline, order, index, steps))

    def _draw(self, pipeline: DiffusionPipeline, order: Order, index: int, steps: Steps) -> Drawn:
        parameters = loading.parameters_of(pipeline)
        pipeline.scheduler = loading.fresh_scheduler(self._scheduler, order.scheduler)
        arguments = _arguments(order, parameters)
        # On the CPU, so that a seed means the same on every device.
        arguments["generator"] = torch.Generator("cpu").manual_seed(order.seed_of(index))
        began = time.monotonic()
        with steps.watching(pipeline, parameters) as hooks:
            pixels = pipeline(**arguments, **hooks).images[0]
        return Drawn(
            index=index,
            picture=_picture(pixels),
            steps=min(steps.done, order.steps),
            denoise_seconds=steps.last_step_ended - began,
            decode_seconds=time.monotonic() - steps.last_step_ended,
        )

    def _pipeline_for(self, order: Order) -> DiffusionPipeline:
        if order.picture is None:
            wanted = self.pipeline
        else:
            if self._redraws is None:
                self._redraws = AutoPipelineForImage2Image.from_pipe(self.pipeline)
                self._redraws.set_progress_bar_config(disable=True)
            wanted = self._redraws
        if self._offload != "none" and self._placed is not wanted:
            # The two share their parts, and the parts can be offloaded for one of them only.
            loading.offload(wanted, self._device, self._offload)
            self._placed = wanted
        return wanted


def _arguments(order: Order, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The call's arguments under the names that the pipeline has for them."""
    arguments: dict[str, Any] = {
        "prompt": order.prompt,
        "width": order.width,
        "height": order.height,
        "num_inference_steps": order.steps,
        "num_images_per_prompt": 1,
        "output_type": "np",
    }
    guidance = guidance_parameter(parameters)
    if guidance:
        arguments[guidance] = order.guidance_scale
    if order.negative_prompt:
        arguments["negative_prompt"] = order.negative_prompt
    if order.picture is not None:
        arguments |= {"image": order.picture, "strength": order.strength}
    return {name: value for name, value in arguments.items() if name in parameters}


def _picture(pixels: np.ndarray) -> Image.Image:
    if not np.isfinite(pixels).all():
        raise InternalFault(
            "NOT_A_NUMBER",
            "the model's result is not a number; set another dtype (bfloat16 or float32)",
        )
    return Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8))
