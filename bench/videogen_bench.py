"""How fast the videogen worker's engine films, beside the bare pipeline that it runs.

Both film the same clip from the same seed on the same threads and take turns; CPU time is
counted, so that other work on the machine falls on both alike.
"""

import io
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

# Before torch is imported: its threads are made once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from PIL import Image, ImageDraw

from atelier.videogen.v1 import videogen_pb2
from bench.rows import Row, table
from services.common.cancellation import Cancellation, JobCancelled
from services.common.models import resolve_model
from services.videogen.card import VideoCard, VideoCards
from services.videogen.clip import Filmed
from services.videogen.engine import DiffusersEngine, load
from services.videogen.engine_encoding import encode
from services.videogen.order import Order, read_order
from services.videogen.settings import VideogenSettings

MODEL = "emoji-motion"
ROUNDS = 11
SECONDS_TARGET = 5.0
OVERHEAD_TARGET = 1.15


def run() -> list[Row]:
    """The figures: seconds per clip, encoding, from cancel to idle."""
    source = resolve_model(MODEL)
    settings = VideogenSettings(
        name="videogen",
        service="atelier.videogen.v1.VideogenService",
        port=0,
        metrics_port=0,
        model=MODEL,
        device="cpu",
        threads=1,
    )
    card = VideoCards(source, settings).current()
    engine = load(source, settings).value
    return [
        _clip(engine, card),
        _seconds(engine, card),
        *(_encoding(engine, card, name) for name in ("mp4", "webm")),
        _cancel(engine, card),
    ]


def _order(card: VideoCard, **fields: Any) -> Order:
    given: dict[str, Any] = {"image": _picture(), "seed": 1, "preview_every_steps": 0}
    if "prompt" in card.supported:
        given["prompt"] = "move left"
    request = videogen_pb2.GenerateVideoRequest(**(given | fields))
    return read_order(request, card, max_input_pixels=10**6)


def _picture() -> bytes:
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((20, 20, 44, 44), fill="red")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _clip(engine: DiffusersEngine, card: VideoCard) -> Row:
    order = _order(card)

    def bare() -> None:
        engine.pipeline(
            image=order.picture,
            prompt=order.prompt,
            width=order.width,
            height=order.height,
            num_frames=order.num_frames,
            num_inference_steps=order.steps,
            guidance_scale=order.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(order.seed),
            output_type="np",
        )

    pairs = [
        (_cpu_seconds(lambda: _film(engine, order)), _cpu_seconds(bare)) for _ in range(ROUNDS + 1)
    ][1:]  # the first round warms caches
    value = statistics.median(pair[0] for pair in pairs)
    baseline = statistics.median(pair[1] for pair in pairs)
    return Row(
        name=f"videogen: a clip of {order.num_frames} frames in {order.steps} steps, one thread",
        value=value,
        unit="CPU s",
        baseline="the bare pipeline",
        baseline_value=baseline,
        target=f"at most {OVERHEAD_TARGET}",
        met=value / baseline <= OVERHEAD_TARGET,
    )


def _seconds(engine: DiffusersEngine, card: VideoCard) -> Row:
    seconds = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        order = _order(card)
        _encode(_film(engine, order), order)
        seconds.append(time.monotonic() - began)
    value = statistics.median(seconds)
    return Row(
        name="videogen: a clip and its file by the clock",
        value=value,
        unit="s",
        target=f"at most {SECONDS_TARGET:g} s",
        met=value <= SECONDS_TARGET,
    )


def _encoding(engine: DiffusersEngine, card: VideoCard, name: str) -> Row:
    order = _order(card, format=name)
    clip = _film(engine, order)
    seconds = [_cpu_seconds(lambda: _encode(clip, order)) for _ in range(ROUNDS)]
    return Row(name=f"videogen: encoding as {name}", value=statistics.median(seconds), unit="CPU s")


def _cancel(engine: DiffusersEngine, card: VideoCard) -> Row:
    """From the cancellation in the middle of a long filming to the engine's return."""
    seconds = []
    for _ in range(ROUNDS):
        cancellation = Cancellation()
        events = engine.film(_order(card, steps=card.step_counts.maximum), cancellation)
        next(events)
        began = time.monotonic()
        cancellation.cancel()
        try:
            for _ in events:
                pass
        except JobCancelled:
            seconds.append(time.monotonic() - began)
    return Row(name="videogen: from cancel to idle", value=statistics.median(seconds), unit="s")


def _film(engine: DiffusersEngine, order: Order) -> Filmed:
    *_, clip = engine.film(order, Cancellation())
    assert isinstance(clip, Filmed)  # noqa: S101 - the engine ends with its clip
    return clip


def _encode(clip: Filmed, order: Order) -> bytes:
    return encode(
        clip.frames,
        frames_per_second=order.frames_per_second,
        file_format=order.format,
        cancellation=Cancellation(),
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    # Of the whole process: the engine works in a thread of its own.
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Prints the figures."""
    print(table(run()))


if __name__ == "__main__":
    main()
