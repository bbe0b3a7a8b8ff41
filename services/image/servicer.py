"""Messages to plain values and back. Knows the proto; the engine behind it is only a protocol."""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import grpc

from atelier.common.v1 import progress_pb2
from atelier.image.v1 import image_pb2, image_pb2_grpc
from services.common import tracing
from services.common.cancellation import Cancellation
from services.common.errors import ModelLoadFailed
from services.common.lane import Lane, Queued
from services.common.model_slot import ModelSlot
from services.common.settings import SettingsError
from services.common.worker_metrics import WorkerMetrics
from services.diffusion.events import Loading, PreviewTaken, StepDone
from services.diffusion.messages import preview_message, progress_message
from services.image.card import ImageCard
from services.image.drawn import Drawn
from services.image.files import picture_file
from services.image.metrics import ImageMetrics
from services.image.order import FORMATS, Order, read_order
from services.image.settings import ImageSettings


class Engine(Protocol):
    """What the servicer needs of a model in memory."""

    def draw(
        self, order: Order, cancellation: Cancellation
    ) -> Iterator[StepDone | PreviewTaken | Drawn]:
        """Draws; raises JobCancelled within one step once it is cancelled."""
        ...


Event = Queued | Loading | StepDone | PreviewTaken | Drawn


class ImageServicer(image_pb2_grpc.ImageServiceServicer):
    """Serves atelier.image.v1.ImageService."""

    def __init__(
        self,
        slot: ModelSlot[Engine],
        card: Callable[[], ImageCard],
        lane: Lane,
        worker_metrics: WorkerMetrics,
        metrics: ImageMetrics,
        settings: ImageSettings,
    ) -> None:
        self._slot = slot
        self._card = card
        self._lane = lane
        self._stages = worker_metrics.task_seconds
        self._metrics = metrics
        self._settings = settings
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")

    async def GenerateImage(
        self, request: image_pb2.GenerateImageRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[image_pb2.GenerateImageResponse, None]:
        """See the proto."""
        drawing = _Drawing(request, await self._read(request))
        async with aclosing(self._lane.run(partial(self._draw, drawing))) as events:
            async for event in events:
                yield await self._response(event, drawing)

    async def _read(self, request: image_pb2.GenerateImageRequest) -> Order:
        """The checked request. One at a time: a picture takes far more memory than its file."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._order, request)

    async def DescribeModel(
        self, request: image_pb2.DescribeModelRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> image_pb2.DescribeModelResponse:
        """See the proto."""
        card = await asyncio.to_thread(self._card)
        settings = self._settings
        return image_pb2.DescribeModelResponse(
            model=self._slot.status(),
            defaults=image_pb2.ImageDefaults(
                width=card.width,
                height=card.height,
                steps=card.steps,
                guidance_scale=card.guidance_scale,
                strength=card.strength if card.image_to_image else 0,
            ),
            limits=image_pb2.ImageLimits(
                min_side=max(card.widths.minimum, card.heights.minimum),
                max_side=min(card.widths.maximum, card.heights.maximum),
                side_multiple=max(card.widths.multiple, card.heights.multiple),
                max_steps=card.step_counts.maximum,
                max_images=settings.max_images,
                max_input_pixels=settings.max_input_pixels,
                min_guidance_scale=card.guidance_scales.minimum,
                max_guidance_scale=card.guidance_scales.maximum,
            ),
            schedulers=card.schedulers,
            image_to_image=card.image_to_image,
            negative_prompt=card.negative_prompt,
            max_queued_calls=settings.queue_size,
            subjects=card.words.things,
        )

    def _order(self, request: image_pb2.GenerateImageRequest) -> Order:
        try:
            card = self._card()
        except SettingsError as error:
            raise ModelLoadFailed(str(error)) from error
        return read_order(
            request,
            card,
            max_images=self._settings.max_images,
            max_input_pixels=self._settings.max_input_pixels,
        )

    def _draw(self, drawing: _Drawing, cancellation: Cancellation) -> Iterator[Event]:
        """The job; runs in the lane's thread."""
        if not self._slot.loaded:
            yield Loading()
            began = time.monotonic()
            self._slot.get()
            self._stages.labels(stage="load").observe(time.monotonic() - began)
        engine = self._slot.get()
        cancellation.check()
        if not drawing.order.checked_by_card:
            drawing.order = self._order(drawing.request)
        yield from engine.draw(drawing.order, cancellation)

    async def _response(self, event: Event, drawing: _Drawing) -> image_pb2.GenerateImageResponse:
        match event:
            case Queued(position):
                return image_pb2.GenerateImageResponse(
                    queued=progress_pb2.QueuePlace(position=position)
                )
            case Loading():
                name = self._slot.status().name
                return image_pb2.GenerateImageResponse(
                    loading=progress_pb2.ModelLoading(model=name)
                )
            case StepDone():
                self._metrics.seconds_per_step.observe(event.seconds)
                return image_pb2.GenerateImageResponse(progress=progress_message(event))
            case PreviewTaken():
                self._metrics.previews.inc()
                return image_pb2.GenerateImageResponse(preview=preview_message(event))
            case Drawn():
                return image_pb2.GenerateImageResponse(
                    image=await self._image(event, drawing.order)
                )

    async def _image(self, drawn: Drawn, order: Order) -> image_pb2.GeneratedImage:
        model = self._slot.status().name
        began = time.monotonic()
        with tracing.active.span("encode", {"atelier.format": order.format}):
            data = await asyncio.to_thread(
                picture_file, drawn.picture, order, index=drawn.index, model=model
            )
        self._stages.labels(stage="denoise").observe(drawn.denoise_seconds)
        self._stages.labels(stage="decode").observe(drawn.decode_seconds)
        self._stages.labels(stage="encode").observe(time.monotonic() - began)
        width, height = drawn.picture.size
        self._metrics.pictures.labels(format=order.format).inc()
        self._metrics.pixels.inc(width * height)
        return image_pb2.GeneratedImage(
            data=data,
            content_type=FORMATS[order.format],
            index=drawn.index,
            width=width,
            height=height,
            seed=order.seed_of(drawn.index),
            warnings=order.warnings,
            steps=drawn.steps,
            model=model,
        )


@dataclass
class _Drawing:
    """A call and its order, which is read anew if it was read before the model was known."""

    request: image_pb2.GenerateImageRequest
    order: Order
