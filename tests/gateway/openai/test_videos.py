"""Clips through OpenAI's own client: jobs of the gateway, seen as videos."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from tests.support.image_pictures import picture_file
from tests.support.openai_stack import OpenAiStack

# OpenAI ends its own video service, and its client says so at each call.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

PICTURE = ("first.png", picture_file(size=(64, 64)), "image/png")


@pytest.fixture
async def held(stack: OpenAiStack) -> AsyncIterator[Any]:
    """The camera, which films nothing until the test lets it."""
    camera = stack.film.camera
    camera.go.clear()
    yield camera
    camera.go.set()


async def create(client: AsyncOpenAI, **fields: Any) -> openai.types.Video:
    return await client.videos.create(**({"prompt": "fly", "input_reference": PICTURE} | fields))


async def ended(client: AsyncOpenAI, video: openai.types.Video) -> openai.types.Video:
    async with asyncio.timeout(30):
        return await client.videos.poll(video.id, poll_interval_ms=20)


async def test_a_clip_from_its_request_to_its_file(client: AsyncOpenAI) -> None:
    video = await create(client, model="fake", seconds="1.125", size="64x32")
    assert (video.object, video.status, video.prompt) == ("video", "queued", "fly")
    assert (video.seconds, video.size) == ("1.125", "64x32")
    done = await ended(client, video)
    assert (done.id, done.status, done.progress, done.error) == (video.id, "completed", 100, None)
    assert done.completed_at is not None
    assert (done.seconds, done.size) == ("1.125", "64x32")
    content = await client.videos.download_content(video.id)
    assert content.response.headers["content-type"] == "video/mp4"
    assert content.content == b"\0" * 100


async def test_the_parameters_reach_the_camera(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    stack.film.camera.orders.clear()
    await ended(client, await create(client, extra_body={"seed": "7", "steps": 2}))
    (order,) = stack.film.camera.orders
    assert (order.prompt, order.seed, order.steps, order.num_frames) == ("fly", 7, 2, 9)
    assert order.picture.getpixel((0, 0)) == (255, 0, 0)


async def test_a_data_url_instead_of_a_file(client: AsyncOpenAI) -> None:
    data = base64.b64encode(PICTURE[1]).decode()
    reference = {"input_reference": {"image_url": f"data:image/png;base64,{data}"}}
    video = await create(client, input_reference=openai.omit, extra_body=reference)
    assert (await ended(client, video)).status == "completed"


async def test_json_instead_of_a_form(stack: OpenAiStack, client: AsyncOpenAI) -> None:
    data = base64.b64encode(PICTURE[1]).decode()
    body = {
        "prompt": "fly",
        "seconds": 2,
        "seed": 7,
        "input_reference": {"image_url": f"data:image/png;base64,{data}"},
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stack.base_url}/videos", json=body) as answer,
    ):
        assert answer.status == 200
        video = await answer.json()
    assert (video["status"], video["seconds"], video["seed"]) == ("queued", "2.125", 7)
    await ended(client, openai.types.Video.construct(**video))


async def test_the_synchronous_client(stack: OpenAiStack) -> None:
    def film() -> tuple[str, bytes, bool]:
        with stack.sync_client() as client:
            video = client.videos.create_and_poll(
                prompt="fly", input_reference=PICTURE, poll_interval_ms=20
            )
            content = client.videos.download_content(video.id).read()
            return video.status, content, client.videos.delete(video.id).deleted

    assert await asyncio.to_thread(film) == ("completed", b"\0" * 100, True)


async def test_how_far_a_clip_is(client: AsyncOpenAI, held: Any) -> None:
    first = await create(client)
    second = await create(client)
    async with asyncio.timeout(30):
        while (await client.videos.retrieve(first.id)).status != "in_progress":
            await asyncio.sleep(0.01)
    assert (await client.videos.retrieve(second.id)).status == "queued"
    with pytest.raises(openai.BadRequestError, match="no such file yet") as caught:
        await client.videos.download_content(first.id)
    assert caught.value.code == "video_not_ready"
    held.go.set()
    assert (await ended(client, first)).status == "completed"
    assert (await ended(client, second)).status == "completed"


async def test_deleting_a_clip_in_the_making_stops_it(client: AsyncOpenAI, held: Any) -> None:
    before = held.stopped
    orders = len(held.orders)
    video = await create(client)
    async with asyncio.timeout(30):
        while len(held.orders) == orders:
            await asyncio.sleep(0.01)
        assert (await client.videos.delete(video.id)).deleted
        while held.stopped == before:
            await asyncio.sleep(0.01)
    with pytest.raises(openai.NotFoundError, match="There is no video"):
        await client.videos.retrieve(video.id)


async def test_a_clip_that_fails_says_why(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    stack.film.camera.out_of_memory = 1
    video = await ended(client, await create(client))
    assert (video.status, video.error and video.error.code) == ("failed", "gpu_out_of_memory")
    with pytest.raises(openai.BadRequestError, match="not enough memory") as caught:
        await client.videos.download_content(video.id)
    assert caught.value.code == "video_failed"


async def test_the_list_in_pages(client: AsyncOpenAI) -> None:
    made = [await create(client, prompt=f"clip {number}") for number in range(3)]
    for video in made:
        await ended(client, video)
    newest = [made[2].id, made[1].id, made[0].id]
    page = await client.videos.list(limit=2)
    assert [video.id for video in page.data] == newest[:2]
    assert page.has_more
    assert [video.id async for video in await client.videos.list(limit=2)][:3] == newest
    after = await client.videos.list(after=made[2].id, limit=2)
    assert [video.id for video in after.data] == newest[1:]
    oldest = [video.id async for video in await client.videos.list(order="asc", limit=100)]
    assert oldest[-3:] == newest[::-1]


async def test_a_part_of_the_file(client: AsyncOpenAI) -> None:
    video = await ended(client, await create(client))
    part = await client.videos.with_raw_response.download_content(
        video.id, extra_headers={"Range": "bytes=10-19"}
    )
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.headers["content-range"] == "bytes 10-19/100"
    same = await client.videos.with_raw_response.download_content(video.id)
    assert same.headers["etag"] == part.headers["etag"]


async def test_a_second_request_with_the_same_key_is_the_same_clip(client: AsyncOpenAI) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = [await create(client, extra_headers=headers) for _ in range(2)]
    assert first.id == second.id
    await ended(client, first)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"input_reference": openai.omit}, "missing_required_parameter", "input_reference"),
        ({"input_reference": openai.omit, "extra_body": {"input_reference": {"file_id": "x"}}},
         "invalid_value", "input_reference"),
        ({"input_reference": openai.omit,
          "extra_body": {"input_reference": {"image_url": "https://x/y"}}},
         "invalid_value", "input_reference.image_url"),
        ({"seconds": "60"}, "invalid_value", "seconds"),
        ({"seconds": "soon"}, "invalid_value", "seconds"),
        ({"size": "720x1280"}, "invalid_value", "size"),
        ({"extra_body": {"seed": "x"}}, "invalid_type", "seed"),
        ({"extra_body": {"fps": "8"}}, "unknown_parameter", "fps"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_by_name(
    client: AsyncOpenAI, fields: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await create(client, **fields)
    assert (caught.value.code, caught.value.param) == (code, param)


async def test_what_is_not_there_is_not_found(client: AsyncOpenAI) -> None:
    for video_id in ("video_none", "none"):
        with pytest.raises(openai.NotFoundError) as caught:
            await client.videos.retrieve(video_id)
        assert caught.value.code == "video_not_found"
    with pytest.raises(openai.BadRequestError, match="variant"):
        await client.videos.download_content("video_none", variant="spritesheet")
    with pytest.raises(openai.NotFoundError, match="is not offered"):
        await client.videos.remix("video_none", prompt="again")
    with pytest.raises(openai.BadRequestError, match="no video"):
        await client.videos.list(after="video_none")


async def test_a_picture_by_url_is_kept_as_a_job(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    answer = await client.images.generate(
        prompt="a red apple", n=2, response_format="url", extra_body={"seed": 7}
    )
    assert answer.data is not None
    assert [item.model_extra for item in answer.data] == [
        {"seed": 7, "warnings": []},
        {"seed": 8, "warnings": []},
    ]
    from PIL import Image

    async with aiohttp.ClientSession() as session:
        for item in answer.data:
            assert (item.url or "").startswith(stack.base_url + "/jobs/")
            async with session.get(item.url or "") as fetched:
                picture = Image.open(io.BytesIO(await fetched.read()))
                assert (picture.format, picture.size) == ("PNG", (64, 64))


async def test_a_picture_by_url_that_cannot_be_drawn(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(prompt="a dog", n=99, response_format="url")
    assert caught.value.param == "n"
