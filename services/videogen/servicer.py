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
from atelier.videogen.v1 import videogen_pb2, videogen_pb2_grpc
from services.common import tracing
from services.common.cancellation import Cancellation
from services.common.errors import InternalFault, ModelLoadFailed
from services.common.lane import Lane, Queued
from services.common.model_slot import ModelSlot
from services.common.settings import SettingsError
from services.common.worker_metrics import WorkerMetrics
from services.diffusion.events import Loading, PreviewTaken, StepDone
from services.diffusion.messages import preview_message, progress_message
from services.videogen.card import VideoCard
from services.videogen.clip import Filmed
from services.videogen.metrics import VideogenMetrics
from services.videogen.order import FORMATS, Order, read_order
from services.videogen.settings import VideogenSettings

CHUNK_BYTES = 1024 * 1024


class Engine(Protocol):
    """What the servicer needs of a model in memory."""

    def film(
        self, order: Order, cancellation: Cancellation
    ) -> Iterator[StepDone | PreviewTaken | Filmed]:
        """Films; raises JobCancelled within one step once it is cancelled."""
        ...


Encode = Callable[[Filmed, Order, Cancellation], bytes]
"""Makes the file; raises JobCancelled within a frame once it is cancelled."""

Event = Queued | Loading | StepDone | PreviewTaken | Filmed
Response = videogen_pb2.GenerateVideoResponse


class VideogenServicer(videogen_pb2_grpc.VideogenServiceServicer):
    """Serves atelier.videogen.v1.VideogenService."""

    def __init__(
        self,
        slot: ModelSlot[Engine],
        encode: Encode,
        card: Callable[[], VideoCard],
        lane: Lane,
        worker_metrics: WorkerMetrics,
        metrics: VideogenMetrics,
        settings: VideogenSettings,
    ) -> None:
        self._slot = slot
        self._encode = encode
        self._card = card
        self._lane = lane
        self._stages = worker_metrics.task_seconds
        self._metrics = metrics
        self._settings = settings
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
        # Beside the lane: the next clip is denoised while this one is encoded.
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="encoder")

    async def close(self) -> None:
        """Ends the encoder's thread; for after the last call."""
        self._encoder.shutdown(wait=False, cancel_futures=True)

    async def GenerateVideo(
        self,
        request: videogen_pb2.GenerateVideoRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncGenerator[Response, None]:
        """See the proto."""
        filming = _Filming(request, await self._read(request))
        clip: Filmed | None = None
        async with aclosing(self._lane.run(partial(self._film, filming))) as events:
            async for event in events:
                if isinstance(event, Filmed):
                    clip = event
                else:
                    yield self._response(event)
        if clip is None:
            raise InternalFault("NO_CLIP", "the model ended without a clip")
        yield Response(encoding=videogen_pb2.VideoEncoding(num_frames=len(clip.frames)))
        data = await self._encoded(clip, filming.order)
        self._count(clip, filming.order)
        yield Response(video=self._info(clip, filming.order, len(data)))
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            yield Response(chunk=videogen_pb2.VideoChunk(data=chunk))

    async def _read(self, request: videogen_pb2.GenerateVideoRequest) -> Order:
        """The checked request. One at a time: a picture takes far more memory than its file."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._order, request)

    async def DescribeModel(
        self,
        request: videogen_pb2.DescribeModelRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> videogen_pb2.DescribeModelResponse:
        """See the proto."""
        card = await asyncio.to_thread(self._card)
        settings = self._settings
        return videogen_pb2.DescribeModelResponse(
            model=self._slot.status(),
            defaults=videogen_pb2.VideoDefaults(
                num_frames=card.num_frames,
                frames_per_second=card.frames_per_second,
                width=card.width,
                height=card.height,
                steps=card.steps,
                guidance_scale=card.guidance_scale,
                motion_strength=card.motion_strength,
            ),
            limits=videogen_pb2.VideoLimits(
                min_frames=card.frame_counts.minimum,
                max_frames=card.frame_counts.maximum,
                frame_multiple=card.frame_counts.multiple,
                min_side=max(card.widths.minimum, card.heights.minimum),
                max_side=min(card.widths.maximum, card.heights.maximum),
                side_multiple=max(card.widths.multiple, card.heights.multiple),
                max_steps=card.step_counts.maximum,
                max_input_pixels=settings.max_input_pixels,
                min_guidance_scale=card.guidance_scales.minimum,
                max_guidance_scale=card.guidance_scales.maximum,
            ),
            supported_fields=card.supported,
            max_queued_calls=settings.queue_size,
            cancel_within_step=card.cancel_within_step,
            motions=card.words.motions,
        )

    def _order(self, request: videogen_pb2.GenerateVideoRequest) -> Order:
        try:
            card = self._card()
        except SettingsError as error:
            raise ModelLoadFailed(str(error)) from error
        return read_order(request, card, max_input_pixels=self._settings.max_input_pixels)

    def _film(self, filming: _Filming, cancellation: Cancellation) -> Iterator[Event]:
        """The job; runs in the lane's thread."""
        if not self._slot.loaded:
            yield Loading()
            began = time.monotonic()
            self._slot.get()
            self._stages.labels(stage="load").observe(time.monotonic() - began)
        engine = self._slot.get()
        cancellation.check()
        if not filming.order.checked_by_card:
            filming.order = self._order(filming.request)
        yield from engine.film(filming.order, cancellation)

    async def _encoded(self, clip: Filmed, order: Order) -> bytes:
        began = time.monotonic()
        cancellation = Cancellation()
        try:
            with tracing.active.span("encode", {"atelier.format": order.format}):
                data = await asyncio.get_running_loop().run_in_executor(
                    self._encoder, self._encode, clip, order, cancellation
                )
        finally:
            cancellation.cancel()
        seconds = time.monotonic() - began
        self._stages.labels(stage="encode").observe(seconds)
        self._metrics.encoding_seconds.labels(format=order.format).observe(seconds)
        return data

    def _count(self, clip: Filmed, order: Order) -> None:
        self._stages.labels(stage="denoise").observe(clip.denoise_seconds)
        self._stages.labels(stage="decode").observe(clip.decode_seconds)
        self._metrics.clips.labels(format=order.format).inc()
        self._metrics.frames.inc(len(clip.frames))
        self._metrics.pixels.inc(clip.frames.size // 3)

    def _response(self, event: Queued | Loading | StepDone | PreviewTaken) -> Response:
        match event:
            case Queued(position):
                return Response(queued=progress_pb2.QueuePlace(position=position))
            case Loading():
                name = self._slot.status().name
                return Response(loading=progress_pb2.ModelLoading(model=name))
            case StepDone():
                self._metrics.seconds_per_step.observe(event.seconds)
                return Response(progress=progress_message(event))
            case PreviewTaken():
                self._metrics.previews.inc()
                return Response(preview=preview_message(event))

    def _info(self, clip: Filmed, order: Order, size_bytes: int) -> videogen_pb2.VideoInfo:
        count, height, width = clip.frames.shape[:3]
        return videogen_pb2.VideoInfo(
            content_type=FORMATS[order.format],
            size_bytes=size_bytes,
            duration_seconds=count / order.frames_per_second,
            width=width,
            height=height,
            num_frames=count,
            frames_per_second=order.frames_per_second,
            seed=order.seed,
            warnings=order.warnings,
            steps=clip.steps,
            model=self._slot.status().name,
        )


@dataclass
class _Filming:
    """A call and its order, which is read anew if it was read before the model was known."""

    request: videogen_pb2.GenerateVideoRequest
    order: Order
