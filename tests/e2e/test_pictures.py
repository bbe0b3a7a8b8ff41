"""A prompt becomes a picture that one can name, and the picture a clip that moves as asked."""

import asyncio
import io
from typing import Any

import av
import grpc
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image

from atelier.image.v1 import image_pb2, image_pb2_grpc
from atelier.videogen.v1 import videogen_pb2, videogen_pb2_grpc
from tests.support.real_stack import RealStack, kill_hard

pytestmark = pytest.mark.starter
Pixels = NDArray[np.float32]


@pytest.fixture
async def channel(stack: RealStack) -> Any:
    address = f"127.0.0.1:{stack.port('GATEWAY_GRPC_PORT')}"
    async with grpc.aio.insecure_channel(address) as opened:
        yield opened


async def draw(channel: Any, prompt: str, **fields: Any) -> list[Any]:
    """All events of a drawing."""
    stub = image_pb2_grpc.ImageServiceStub(channel)
    request = image_pb2.GenerateImageRequest(prompt=prompt, seed=7, **fields)
    return [event async for event in stub.GenerateImage(request, timeout=120)]


async def film(channel: Any, picture: bytes, prompt: str, **fields: Any) -> list[Any]:
    """All events of a clip."""
    stub = videogen_pb2_grpc.VideogenServiceStub(channel)
    request = videogen_pb2.GenerateVideoRequest(image=picture, prompt=prompt, seed=7, **fields)
    return [event async for event in stub.GenerateVideo(request, timeout=120)]


def pixels(picture: bytes) -> Pixels:
    """A picture as [height, width, 3], 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=np.float32)


def ink(frame: Pixels) -> tuple[float, float]:
    """Where the centre of what is not white lies, in columns and rows."""
    weight = (255 * 3 - frame.sum(2)).clip(60) - 60
    rows, columns = np.indices(weight.shape)
    return (
        float((weight * columns).sum() / weight.sum()),
        float((weight * rows).sum() / weight.sum()),
    )


async def to_the_end(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


def frames(clip: bytes) -> list[Pixels]:
    with av.open(io.BytesIO(clip), "r") as container:
        return [
            frame.to_ndarray(format="rgb24").astype(np.float32)
            for frame in container.decode(video=0)
        ]


async def rocket(channel: Any) -> bytes:
    return bytes((await draw(channel, "a rocket"))[-1].image.data)


async def test_a_drawing_counts_its_steps_and_ends_with_the_picture(channel: Any) -> None:
    events = await draw(channel, "a red apple", preview_every_steps=2)
    steps = [event.progress.step for event in events if event.HasField("progress")]
    assert steps == list(range(1, events[0].progress.total_steps + 1)) or steps == list(
        range(1, len(steps) + 1)
    )
    assert any(event.HasField("preview") for event in events)
    result = events[-1].image
    picture = Image.open(io.BytesIO(result.data))
    assert (picture.format, picture.size) == ("PNG", (result.width, result.height))
    assert "a red apple" in picture.info["parameters"]
    assert result.seed == 7


async def test_colours_are_as_asked(channel: Any) -> None:
    means = {}
    for colour in ("red", "blue"):
        picture = pixels((await draw(channel, f"a {colour} car"))[-1].image.data)
        coloured = picture[picture.max(2) - picture.min(2) > 60]
        means[colour] = coloured.mean(0)
    assert means["red"][0] > means["red"][2]
    assert means["blue"][2] > means["blue"][0]


async def test_the_same_seed_gives_the_same_picture(channel: Any) -> None:
    first, second = await asyncio.gather(draw(channel, "a dog"), draw(channel, "a dog"))
    assert first[-1].image.data == second[-1].image.data


async def test_an_unknown_word_is_warned_of(channel: Any) -> None:
    result = (await draw(channel, "a xylograph"))[-1].image
    assert any("xylograph" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("prompt", "axis", "sign"),
    [("move right", 0, 1), ("move left", 0, -1), ("move up", 1, -1), ("move down", 1, 1)],
)
async def test_a_clip_moves_as_asked(channel: Any, prompt: str, axis: int, sign: int) -> None:
    picture = await rocket(channel)
    events = await film(channel, picture, prompt)
    info = next(event.video for event in events if event.HasField("video"))
    clip = b"".join(event.chunk.data for event in events if event.HasField("chunk"))
    assert info.content_type == "video/mp4"
    assert len(clip) == info.size_bytes
    shown = frames(clip)
    assert len(shown) == info.num_frames
    assert (ink(shown[-1])[axis] - ink(shown[0])[axis]) * sign > 4
    assert np.abs(shown[0] - pixels(picture)).mean() < 16


WRONG = [
    ("image", {"prompt": ""}, "prompt"),
    ("image", {"prompt": "a dog", "steps": 0}, "steps"),
    ("image", {"prompt": "a dog", "width": 63}, "width"),
    ("image", {"prompt": "a dog", "num_images": 1000}, "num_images"),
    ("videogen", {"prompt": "move left", "num_frames": 10_000}, "num_frames"),
    ("videogen", {"prompt": "move left", "picture": b"this is a text"}, "image"),
    ("videogen", {"prompt": "move left", "picture": b""}, "image"),
]


@pytest.mark.parametrize(("capability", "fields", "named"), WRONG, ids=str)
async def test_what_is_wrong_is_named_and_changes_no_light(
    stack: RealStack, channel: Any, capability: str, fields: dict[str, Any], named: str
) -> None:
    picture = await rocket(channel)
    before = (await asyncio.to_thread(stack.capabilities))[capability]
    call = (
        draw(channel, **fields)
        if capability == "image"
        else film(channel, **({"picture": picture} | fields))
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert named in str(caught.value.details())
    after = (await asyncio.to_thread(stack.capabilities))[capability]
    assert (after["state"], after["since"]) == (before["state"], before["since"])


async def test_a_stopped_drawing_frees_the_worker(stack: RealStack, channel: Any) -> None:
    stub: Any = image_pb2_grpc.ImageServiceStub(channel)
    call = stub.GenerateImage(image_pb2.GenerateImageRequest(prompt="a cat", steps=50))
    while not (await call.read()).HasField("progress"):
        pass
    call.cancel()
    await draw(channel, "a cat")  # has its turn only when the other has ended
    page = await asyncio.to_thread(stack.metrics, "IMAGE_METRICS_PORT")
    assert "atelier_worker_tasks_running 0.0" in page
    count = next(line for line in page.splitlines() if "cancel_to_idle_seconds_count" in line)
    assert float(count.split()[-1]) >= 1


async def test_a_killed_videogen_worker_leaves_the_others_green(
    stack: RealStack, channel: Any
) -> None:
    picture = await rocket(channel)
    await film(channel, picture, "move left")
    before = await asyncio.to_thread(stack.capabilities)
    worker: psutil.Process = await asyncio.to_thread(stack.worker, "videogen")
    stub: Any = videogen_pb2_grpc.VideogenServiceStub(channel)
    call = stub.GenerateVideo(
        videogen_pb2.GenerateVideoRequest(image=picture, prompt="move left", steps=20)
    )
    while not (await call.read()).HasField("progress"):
        pass
    kill_hard(worker)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await to_the_end(call)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    after = await asyncio.to_thread(stack.capabilities)
    assert after["videogen"]["state"] in ("unavailable", "unknown")
    for name in ("llm", "tts", "image"):
        assert after[name]["state"] == before[name]["state"]
