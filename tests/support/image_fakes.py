"""A painter that does as a test tells it, and a worker around it."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import grpc
from PIL import Image

from atelier.image.v1 import image_pb2, image_pb2_grpc
from services.common.cancellation import Cancellation
from services.common.errors import GpuOutOfMemory
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.worker import Worker
from services.diffusion.events import PreviewTaken, StepDone
from services.diffusion.spans import Reach, Span
from services.diffusion.words import Words
from services.image.card import ImageCard
from services.image.drawn import Drawn
from services.image.metrics import STAGES, ImageMetrics
from services.image.order import Order
from services.image.servicer import Engine, ImageServicer
from services.image.settings import ImageSettings

CARD = ImageCard(
    width=64,
    height=64,
    steps=4,
    guidance_scale=2.0,
    widths=Span(32, 128, 8),
    heights=Span(32, 128, 8),
    step_counts=Span(1, 50),
    guidance_scales=Reach(0, 10),
    schedulers=("DDIMScheduler", "PNDMScheduler"),
    words=Words(frozenset({"a", "red", "apple"})),
)


class FakePainter:
    """Paints a colour that follows from the seed; a step can be held until `go` is set."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.out_of_memory = 0
        """How many of the next tasks find too little memory."""
        self.fault: Exception | None = None
        self.at_step = 0
        self.stopped = 0
        self.orders: list[Order] = []

    def draw(
        self, order: Order, cancellation: Cancellation
    ) -> Iterator[StepDone | PreviewTaken | Drawn]:
        self.orders.append(order)
        if self.out_of_memory:
            self.out_of_memory -= 1
            raise GpuOutOfMemory("the device has not enough memory")
        if self.fault is not None:
            raise self.fault
        total = order.steps * order.num_images
        for index in range(order.num_images):
            for step in range(index * order.steps + 1, (index + 1) * order.steps + 1):
                self.at_step = step
                self._wait(cancellation)
                yield StepDone(step, total, seconds=0.5, remaining_seconds=0.5 * (total - step))
                if order.preview_every_steps and step % order.preview_every_steps == 0:
                    yield PreviewTaken(b"\xff\xd8\xff preview", step)
            colour = (order.seed_of(index) % 256, 0, 0)
            picture = Image.new("RGB", (order.width, order.height), colour)
            yield Drawn(index, picture, order.steps, denoise_seconds=1.0, decode_seconds=0.5)

    def _wait(self, cancellation: Cancellation) -> None:
        while not self.go.wait(0.005):
            if cancellation.cancelled:
                self.stopped += 1
                cancellation.check()
        cancellation.check()


class Studio:
    """A worker with a fake painter, and a client of it."""

    port = 0

    def __init__(self, painter: FakePainter, worker: Worker, channel: grpc.aio.Channel) -> None:
        self.painter = painter
        self.worker = worker
        self.stub = image_pb2_grpc.ImageServiceStub(channel)

    def figure(self, name: str, **labels: str) -> float:
        """The value of `atelier_<name>`."""
        value = self.worker.registry.get_sample_value(f"atelier_{name}", labels)
        assert value is not None, name
        return value

    def call(self, **fields: object) -> "grpc.aio.UnaryStreamCall[Any, Any]":
        """Asks for a picture of a red apple, unless told otherwise."""
        given: dict[str, Any] = {"prompt": "a red apple"} | fields
        request = image_pb2.GenerateImageRequest(**given)
        return self.stub.GenerateImage(request)

    async def drawn(self, **fields: object) -> list[image_pb2.GenerateImageResponse]:
        """All answers to a request."""
        return [answer async for answer in self.call(**fields)]


@asynccontextmanager
async def studio(
    card: Callable[[], ImageCard] = lambda: CARD, **keys: object
) -> AsyncIterator[Studio]:
    """A running worker on a free port."""
    settings = ImageSettings(
        name="image", service="atelier.image.v1.ImageService", port=0, metrics_port=0,
        model="fake", **keys,  # type: ignore[arg-type]
    )  # fmt: skip
    painter = FakePainter()
    worker = Worker(settings, stages=STAGES)

    loaded: LoadedModel[Engine] = LoadedModel(painter, "cpu", "float32", 5)
    slot = ModelSlot(name="fake", device="cpu", load=lambda: loaded, metrics=worker.metrics)
    metrics = ImageMetrics(worker.registry)
    servicer = ImageServicer(slot, card, worker.lane, worker.metrics, metrics, settings)
    port = await worker.start(partial(image_pb2_grpc.add_ImageServiceServicer_to_server, servicer))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = Studio(painter, worker, channel)
            client.port = port
            yield client
    finally:
        painter.go.set()
        await worker.stop(0)
