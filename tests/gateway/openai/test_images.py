"""Pictures through OpenAI's own client: base64, streams, refusals."""

import asyncio
import base64
import io
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent
from PIL import Image

from tests.support.openai_stack import OpenAiStack

PROMPT = "a red apple"


def opened(b64_json: str | None) -> Image.Image:
    assert b64_json is not None
    return Image.open(io.BytesIO(base64.b64decode(b64_json)))


async def test_pictures_in_base64(client: AsyncOpenAI) -> None:
    answer = await client.images.generate(
        prompt=PROMPT, n=2, size="96x64", output_format="webp", extra_body={"seed": 7}
    )
    assert answer.data is not None
    pictures = [opened(item.b64_json) for item in answer.data]
    assert [(item.format, item.size) for item in pictures] == [("WEBP", (96, 64))] * 2
    assert [item.model_extra for item in answer.data] == [
        {"seed": 7, "warnings": []},
        {"seed": 8, "warnings": []},
    ]
    assert (answer.output_format, answer.background) == ("webp", "opaque")
    assert answer.created > 1_700_000_000


async def test_the_synchronous_client(stack: OpenAiStack) -> None:
    def draw() -> str | None:
        with stack.sync_client() as client:
            answer = client.images.generate(model="image", prompt=PROMPT, size="auto")
            assert answer.data is not None
            return answer.data[0].b64_json

    picture = opened(await asyncio.to_thread(draw))
    assert (picture.format, picture.size) == ("PNG", (64, 64))


async def test_the_parameters_reach_the_model(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    stack.studio.painter.orders.clear()
    given = {"seed": 3, "steps": 2, "guidance_scale": 1.5}
    await client.images.generate(model="fake", prompt=PROMPT, extra_body=given)
    (order,) = stack.studio.painter.orders
    assert (order.seed, order.steps, order.guidance_scale) == (3, 2, 1.5)
    assert order.preview_every_steps == 0


async def test_a_streamed_picture(client: AsyncOpenAI) -> None:
    stream = await client.images.generate(
        prompt=PROMPT, stream=True, partial_images=2, output_format="jpeg"
    )
    events = [event async for event in stream]
    partial, completed = events[:-1], events[-1]
    assert all(isinstance(event, ImageGenPartialImageEvent) for event in partial)
    assert [getattr(event, "partial_image_index", None) for event in partial] == [0, 1]
    assert isinstance(completed, ImageGenCompletedEvent)
    assert opened(completed.b64_json).format == "JPEG"
    assert (completed.size, completed.usage.total_tokens) == ("64x64", 0)


async def test_every_picture_of_a_stream_is_completed(client: AsyncOpenAI) -> None:
    stream = await client.images.generate(prompt=PROMPT, n=2, stream=True)
    kinds = [event.type async for event in stream]
    assert kinds == ["image_generation.completed"] * 2


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"size": "big"}, "invalid_value", "size"),
        ({"size": "1024x1024"}, "invalid_value", "size"),
        ({"size": "9999999x1"}, "invalid_value", "size"),
        ({"n": 99}, "invalid_value", "n"),
        ({"n": 0}, "invalid_value", "n"),
        ({"prompt": " "}, "invalid_value", "prompt"),
        ({"output_format": "svg"}, "invalid_value", "output_format"),
        ({"background": "transparent"}, "unsupported_parameter", "background"),
        ({"quality": "high"}, "unsupported_parameter", "quality"),
        ({"style": "vivid"}, "unsupported_parameter", "style"),
        ({"partial_images": 1}, "invalid_value", "partial_images"),
        ({"stream": True, "response_format": "url"}, "invalid_value", "response_format"),
        ({"pormpt": "x"}, "unknown_parameter", "pormpt"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    client: AsyncOpenAI, given: dict[str, object], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(prompt=PROMPT, extra_body=given)
    assert (caught.value.code, caught.value.param) == (code, param)


async def test_defaults_that_other_clients_send_are_accepted(client: AsyncOpenAI) -> None:
    answer = await client.images.generate(
        prompt=PROMPT, quality="auto", moderation="auto", background="auto", user="x", n=1
    )
    assert answer.data is not None


async def test_a_client_that_leaves_frees_the_painter(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    painter: Any = stack.studio.painter
    painter.go.clear()
    before, orders = painter.stopped, len(painter.orders)
    drawing = asyncio.create_task(client.images.generate(prompt=PROMPT))
    try:
        while len(painter.orders) == orders:
            await asyncio.sleep(0.01)
        drawing.cancel()
        async with asyncio.timeout(30):
            while painter.stopped == before:
                await asyncio.sleep(0.01)
    finally:
        painter.go.set()
