"""A camera that does as a test tells it, and a worker around it."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import grpc
import numpy as np

from atelier.videogen.v1 import videogen_pb2, videogen_pb2_grpc
from services.common.cancellation import Cancellation
from services.common.errors import GpuOutOfMemory
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.worker import Worker
from services.diffusion.events import PreviewTaken, StepDone
from services.diffusion.spans import Reach, Span
from services.videogen.card import VideoCard
from services.videogen.clip import Filmed
from services.videogen.metrics import STAGES, VideogenMetrics
from services.videogen.order import Order
from services.videogen.servicer import Engine, VideogenServicer
from services.videogen.settings import VideogenSettings
from tests.support.image_pictures import picture_file

CARD = VideoCard(
    pipeline="FakePipeline",
    num_frames=9,
    frames_per_second=8,
    width=64,
    height=64,
    steps=4,
    guidance_scale=2.0,
    frame_counts=Span(9, 97, 8, offset=1),
    widths=Span(32, 128, 8),
    heights=Span(32, 128, 8),
    step_counts=Span(1, 50),
    guidance_scales=Reach(0, 10),
)


class FakeCamera:
    """Films frames of one colour; a step can be held until `go` is set, and so can encoding."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.encode_go = threading.Event()
        self.encode_go.set()
        self.out_of_memory = 0
        self.at_step = 0
        self.stopped = 0
        self.encoding_stopped = 0
        self.orders: list[Order] = []
        self.file = b"\0" * 100

    def film(
        self, order: Order, cancellation: Cancellation
    ) -> Iterator[StepDone | PreviewTaken | Filmed]:
        self.orders.append(order)
        if self.out_of_memory:
            self.out_of_memory -= 1
            raise GpuOutOfMemory("the device has not enough memory")
        for step in range(1, order.steps + 1):
            self.at_step = step
            while not self.go.wait(0.005):
                if cancellation.cancelled:
                    self.stopped += 1
                    cancellation.check()
            yield StepDone(step, order.steps, 0.5, 0.5 * (order.steps - step))
            if order.preview_every_steps and step % order.preview_every_steps == 0:
                yield PreviewTaken(b"\xff\xd8\xff preview", step)
        shape = (order.num_frames, order.height, order.width, 3)
        yield Filmed(np.zeros(shape, np.uint8), order.steps, 1.0, 0.5)

    def encode(self, clip: Filmed, order: Order, cancellation: Cancellation) -> bytes:
        while not self.encode_go.wait(0.005):
            if cancellation.cancelled:
                self.encoding_stopped += 1
                cancellation.check()
        return self.file


class FilmStudio:
    """A worker with a fake camera, and a client of it."""

    port = 0

    def __init__(self, camera: FakeCamera, worker: Worker, channel: grpc.aio.Channel) -> None:
        self.camera = camera
        self.worker = worker
        self.stub = videogen_pb2_grpc.VideogenServiceStub(channel)

    def figure(self, name: str, **labels: str) -> float:
        """The value of `atelier_<name>`."""
        value = self.worker.registry.get_sample_value(f"atelier_{name}", labels)
        assert value is not None, name
        return value

    def call(self, **fields: object) -> "grpc.aio.UnaryStreamCall[Any, Any]":
        """Asks for a clip of a red picture, unless told otherwise."""
        given: dict[str, Any] = {"image": picture_file(size=(64, 64))} | fields
        request = videogen_pb2.GenerateVideoRequest(**given)
        return self.stub.GenerateVideo(request)

    async def filmed(self, **fields: object) -> list[videogen_pb2.GenerateVideoResponse]:
        """All answers to a request."""
        return [answer async for answer in self.call(**fields)]


@asynccontextmanager
async def film_studio(
    card: Callable[[], VideoCard] = lambda: CARD, **keys: object
) -> AsyncIterator[FilmStudio]:
    """A running worker on a free port."""
    settings = VideogenSettings(
        name="videogen", service="atelier.videogen.v1.VideogenService", port=0, metrics_port=0,
        model="fake", **keys,  # type: ignore[arg-type]
    )  # fmt: skip
    camera = FakeCamera()
    worker = Worker(settings, stages=STAGES)
    loaded: LoadedModel[Engine] = LoadedModel(camera, "cpu", "float32", 5)
    slot = ModelSlot(name="fake", device="cpu", load=lambda: loaded, metrics=worker.metrics)
    servicer = VideogenServicer(
        slot, camera.encode, card, worker.lane, worker.metrics,
        VideogenMetrics(worker.registry), settings,
    )  # fmt: skip
    port = await worker.start(
        partial(videogen_pb2_grpc.add_VideogenServiceServicer_to_server, servicer),
        close=servicer.close,
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = FilmStudio(camera, worker, channel)
            client.port = port
            yield client
    finally:
        camera.go.set()
        camera.encode_go.set()
        await worker.stop(0)
