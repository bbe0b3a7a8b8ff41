"""How fast the image worker's engine draws, beside the bare pipeline that it runs.

Both draw the same picture from the same seed on the same threads and take turns; CPU time is
counted, so that other work on the machine falls on both alike.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

# Before torch is imported: its threads are made once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from atelier.image.v1 import image_pb2
from bench.rows import Row, table
from services.common.cancellation import Cancellation, JobCancelled
from services.common.models import ModelSource, resolve_model
from services.image.card import ImageCard, ImageCards
from services.image.engine import DiffusersEngine, load
from services.image.order import Order, read_order
from services.image.settings import ImageSettings

MODEL = "emoji-draw-64"
ROUNDS = 15
SECONDS_TARGET = 2.0
OVERHEAD_TARGET = 1.15


def run() -> list[Row]:
    """The figures: seconds per picture, what previews cost, from cancel to idle."""
    source = resolve_model(MODEL)
    settings = ImageSettings(
        name="image",
        service="atelier.image.v1.ImageService",
        port=0,
        metrics_port=0,
        model=MODEL,
        device="cpu",
        threads=1,
    )
    card = ImageCards(source, settings).current()
    engine = load(source, settings).value
    return [
        _picture(engine, card),
        _previews(engine, card),
        _seconds(engine, card, source),
        _cancel(engine, card),
    ]


def _order(card: ImageCard, **fields: Any) -> Order:
    given: dict[str, Any] = {"prompt": "a red apple", "seed": 1, "preview_every_steps": 0}
    request = image_pb2.GenerateImageRequest(**(given | fields))
    return read_order(request, card, max_images=1, max_input_pixels=1)


def _picture(engine: DiffusersEngine, card: ImageCard) -> Row:
    order = _order(card)

    def bare() -> None:
        engine.pipeline(
            prompt=order.prompt,
            width=order.width,
            height=order.height,
            num_inference_steps=order.steps,
            guidance_scale=order.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(order.seed),
            output_type="np",
        )

    value, baseline = _in_turns(lambda: _draw(engine, order), bare)
    return Row(
        name=f"image: a picture of {order.steps} steps, one thread",
        value=value,
        unit="CPU s",
        baseline="the bare pipeline",
        baseline_value=baseline,
        target=f"at most {OVERHEAD_TARGET}",
        met=value / baseline <= OVERHEAD_TARGET,
    )


def _previews(engine: DiffusersEngine, card: ImageCard) -> Row:
    value, baseline = _in_turns(
        lambda: _draw(engine, _order(card, preview_every_steps=1)),
        lambda: _draw(engine, _order(card)),
    )
    return Row(
        name="image: with a preview after every step",
        value=value,
        unit="CPU s",
        baseline="without previews",
        baseline_value=baseline,
    )


def _seconds(engine: DiffusersEngine, card: ImageCard, source: ModelSource) -> Row:
    seconds = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        _draw(engine, _order(card))
        seconds.append(time.monotonic() - began)
    value = statistics.median(seconds)
    return Row(
        name=f"image: a picture of {source.name} by the clock",
        value=value,
        unit="s",
        target=f"at most {SECONDS_TARGET:g} s",
        met=value <= SECONDS_TARGET,
    )


def _cancel(engine: DiffusersEngine, card: ImageCard) -> Row:
    """From the cancellation in the middle of a long drawing to the engine's return."""
    seconds = []
    for _ in range(ROUNDS):
        cancellation = Cancellation()
        events = engine.draw(_order(card, steps=card.step_counts.maximum), cancellation)
        next(events)
        began = time.monotonic()
        cancellation.cancel()
        try:
            for _ in events:
                pass
        except JobCancelled:
            seconds.append(time.monotonic() - began)
    return Row(name="image: from cancel to idle", value=statistics.median(seconds), unit="s")


def _draw(engine: DiffusersEngine, order: Order) -> None:
    for _ in engine.draw(order, Cancellation()):
        pass


def _in_turns(first: Callable[[], None], second: Callable[[], None]) -> tuple[float, float]:
    """The median CPU seconds of each; the first round warms caches."""
    pairs = [(_cpu_seconds(first), _cpu_seconds(second)) for _ in range(ROUNDS + 1)][1:]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
    )


def _cpu_seconds(work: Callable[[], None]) -> float:
    # Of the whole process: the engine works in a thread of its own.
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Prints the figures."""
    print(table(run()))


if __name__ == "__main__":
    main()
