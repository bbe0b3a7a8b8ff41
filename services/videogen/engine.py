"""Films with a diffusers pipeline. Knows torch and diffusers; knows nothing of gRPC."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray

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
from services.videogen.card import image_to_video_class
from services.videogen.clip import Filmed
from services.videogen.order import Order
from services.videogen.settings import VideogenSettings

Event = StepDone | PreviewTaken | Filmed


def load(source: ModelSource, settings: VideogenSettings) -> LoadedModel["DiffusersEngine"]:
    """Loads the model. Raises SettingsError, GpuOutOfMemory and what diffusers raises."""
    with memory_returned():
        device = loading.choose_device(settings)
        name = image_to_video_class(loading.pipeline_class_name(source))
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
    """Films with one image-to-video pipeline, whichever its class."""

    def __init__(
        self, pipeline: DiffusionPipeline, device: str, settings: VideogenSettings
    ) -> None:
        self.pipeline = pipeline
        self._scheduler = pipeline.scheduler
        self._parameters = loading.parameters_of(pipeline)
        self._decode_frames = settings.decode_frames
        offloaded = settings.offload != "none" and device != "cpu"
        if not offloaded:
            pipeline.to(device)
        self._previews = Previews(
            pipeline, loading.pixels_per_latent(pipeline), offloaded=offloaded
        )
        loading.place(pipeline, device, settings)
        warn_if_unstoppable(pipeline, self._parameters)

    def film(self, order: Order, cancellation: Cancellation) -> Iterator[Event]:
        """Yields the steps and previews as they come, and the clip's frames.

        Raises JobCancelled within a step, GpuOutOfMemory, InternalFault.
        """
        return relay(partial(self._film, order, cancellation))

    def _film(
        self, order: Order, cancellation: Cancellation, report: Callable[[Event], None]
    ) -> None:
        with memory_returned():
            steps = Steps(
                report,
                cancellation,
                expected=order.steps,
                preview=partial(self._previews.jpeg, width=order.width, height=order.height),
                preview_every_steps=order.preview_every_steps,
            )
            self.pipeline.scheduler = loading.fresh_scheduler(self._scheduler, "")
            arguments = self._arguments(order)
            # On the CPU, so that a seed means the same on every device.
            arguments["generator"] = torch.Generator("cpu").manual_seed(order.seed)
            began = time.monotonic()
            with steps.watching(self.pipeline, self._parameters) as hooks:
                frames = self.pipeline(**arguments, **hooks).frames[0]
            report(
                Filmed(
                    frames=_pixels(frames),
                    steps=min(steps.done, order.steps),
                    denoise_seconds=steps.last_step_ended - began,
                    decode_seconds=time.monotonic() - steps.last_step_ended,
                )
            )

    def _arguments(self, order: Order) -> dict[str, Any]:
        """The call's arguments under the names that the pipeline has for them."""
        arguments: Mapping[str, Any] = {
            "image": order.picture,
            "prompt": order.prompt,
            "num_frames": order.num_frames,
            "width": order.width,
            "height": order.height,
            "num_inference_steps": order.steps,
            "fps": order.frames_per_second,
            "frame_rate": order.frames_per_second,
            # SVD's buckets reach from 1 to 255.
            "motion_bucket_id": round(1 + order.motion_strength * 254),
            "decode_chunk_size": self._decode_frames,
            "output_type": "np",
            **({"negative_prompt": order.negative_prompt} if order.negative_prompt else {}),
        }
        chosen = {name: value for name, value in arguments.items() if name in self._parameters}
        guidance = guidance_parameter(self._parameters)
        if guidance:
            chosen[guidance] = order.guidance_scale
            lowest = "min_guidance_scale"
            if lowest in self._parameters:
                chosen[lowest] = min(1.0, order.guidance_scale)
        return chosen


def _pixels(frames: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    if not np.isfinite(frames).all():
        raise InternalFault(
            "NOT_A_NUMBER",
            "the model's result is not a number; set another dtype (bfloat16 or float32)",
        )
    return (frames.clip(0, 1) * 255).round().astype(np.uint8)
