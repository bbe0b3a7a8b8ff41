"""OpenAI's own client, sync and async, pointed at the real stack with the starter models."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from PIL import Image

from tests.support.real_stack import RealStack

pytestmark = [
    pytest.mark.starter,
    # OpenAI ends its own video service, and its client says so at each call.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]
QUESTION: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]
MODELS = {"llm": "smollm2-135m-instruct", "tts": "joe-us-medium", "image": "emoji-draw-64",
          "videogen": "emoji-motion"}  # fmt: skip


def base_url(stack: RealStack) -> str:
    return f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}/v1"


def keeps_seeds(stack: RealStack) -> bool:
    """Whether this machine's arithmetic is the same beside other calls."""
    return bool(json.loads(stack.get("/v1/llm/model"))["reproducible"])


@pytest.fixture
async def client(stack: RealStack) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=base_url(stack), api_key="none", timeout=120) as opened:
        yield opened


@pytest.fixture
def sync_client(stack: RealStack) -> Iterator[OpenAI]:
    with OpenAI(base_url=base_url(stack), api_key="none", timeout=120) as opened:
        yield opened


async def test_the_models_are_listed(client: AsyncOpenAI) -> None:
    names = {model.id async for model in await client.models.list()}
    assert names == set(MODELS) | set(MODELS.values())


async def test_a_chat_with_usage(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="llm", messages=QUESTION, temperature=0, max_completion_tokens=32
    )
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 32
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_a_streamed_chat_is_whole_and_keeps_its_seed(
    client: AsyncOpenAI, stack: RealStack
) -> None:
    async def told(seed: int) -> str:
        given: dict[str, Any] = {"seed": seed} if keeps_seeds(stack) else {}
        stream = await client.chat.completions.create(
            model=MODELS["llm"], messages=QUESTION, temperature=1.0, max_tokens=24,
            stream=True, stream_options={"include_usage": True}, **given,
        )  # fmt: skip
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].usage is not None
        assert chunks[-2].choices[0].finish_reason in ("stop", "length")
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    first, again, other = await asyncio.gather(told(7), told(7), told(8))
    assert all((first, again, other))
    if keeps_seeds(stack):
        assert first == again != other


async def test_a_seed_that_cannot_be_kept_is_refused(client: AsyncOpenAI, stack: RealStack) -> None:
    if keeps_seeds(stack):
        return
    with pytest.raises(openai.BadRequestError, match="seed"):
        await client.chat.completions.create(model="llm", messages=QUESTION, seed=7)


def test_a_chat_that_stops_where_it_is_told(sync_client: OpenAI) -> None:
    answer = sync_client.chat.completions.create(
        model="llm", messages=QUESTION, temperature=0, stop=["Paris"]
    )
    assert answer.choices[0].finish_reason == "stop"
    assert "Paris" not in (answer.choices[0].message.content or "")


def test_speech_to_a_file(sync_client: OpenAI, tmp_path: Path) -> None:
    target = tmp_path / "morning.mp3"
    with sync_client.audio.speech.with_streaming_response.create(
        model="tts", voice="default", input="Good morning. This is a real voice."
    ) as answer:
        answer.stream_to_file(target)
    with av.open(str(target)) as sound:
        stream = sound.streams.audio[0]
        samples = sum(frame.samples for frame in sound.decode(stream))
        assert samples / stream.rate > 1


async def test_pictures_in_base64_and_by_url(client: AsyncOpenAI, stack: RealStack) -> None:
    in_base64 = await client.images.generate(
        model="image", prompt="a red apple", extra_body={"seed": 7}
    )
    by_url = await client.images.generate(
        prompt="a red apple", response_format="url", extra_body={"seed": 7}
    )
    assert in_base64.data is not None
    assert by_url.data is not None
    assert by_url.data[0].url is not None
    assert by_url.data[0].url.startswith(base_url(stack) + "/jobs/")
    async with httpx2.AsyncClient() as http:
        fetched = await http.get(by_url.data[0].url)
    assert fetched.headers["content-type"] == "image/png"
    one, other = base64.b64decode(in_base64.data[0].b64_json or ""), fetched.content
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in (one, other)]
    assert pictures[0].size == (64, 64)
    assert pictures[0].tobytes() == pictures[1].tobytes()


async def test_a_clip_from_a_picture(client: AsyncOpenAI, tmp_path: Path) -> None:
    drawn = await client.images.generate(prompt="a rocket", extra_body={"seed": 7})
    assert drawn.data is not None
    picture = base64.b64decode(drawn.data[0].b64_json or "")
    video = await client.videos.create_and_poll(
        prompt="the rocket flies up", input_reference=("rocket.png", picture, "image/png")
    )
    assert (video.status, video.progress, video.error) == ("completed", 100, None)
    assert (video.model, video.size) == (MODELS["videogen"], "64x64")
    content = await client.videos.download_content(video.id)
    content.write_to_file(tmp_path / "rocket.mp4")
    with av.open(str(tmp_path / "rocket.mp4")) as clip:
        frames = len(list(clip.decode(video=0)))
        assert float(video.seconds) == pytest.approx(
            frames / float(clip.streams.video[0].average_rate or 1), abs=0.01
        )
    thumbnail = await client.videos.download_content(video.id, variant="thumbnail")
    assert Image.open(io.BytesIO(thumbnail.content)).format == "WEBP"

    listed = [item.id async for item in await client.videos.list(limit=5)]
    assert listed[0] == video.id
    deleted = await client.videos.delete(video.id)
    assert (deleted.id, deleted.deleted) == (video.id, True)
    with pytest.raises(openai.NotFoundError):
        await client.videos.retrieve(video.id)


def test_a_clip_with_the_synchronous_client(sync_client: OpenAI) -> None:
    drawn = sync_client.images.generate(prompt="a car", extra_body={"seed": 3})
    assert drawn.data is not None
    reference = {"image_url": f"data:image/png;base64,{drawn.data[0].b64_json}"}
    video = sync_client.videos.create_and_poll(
        model="videogen", prompt="move left", extra_body={"input_reference": reference}
    )
    assert video.status == "completed"
    part = sync_client.videos.with_raw_response.download_content(
        video.id, extra_headers={"Range": "bytes=4-7"}
    )
    assert (part.status_code, part.content) == (206, b"ftyp")
    sync_client.videos.delete(video.id)


async def test_errors_are_the_clients_own(client: AsyncOpenAI) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    reference = ("a.png", picture.getvalue())
    with pytest.raises(openai.BadRequestError, match="clips of"):
        await client.videos.create(prompt="up", seconds="12", input_reference=reference)
    with pytest.raises(openai.BadRequestError, match="temperature"):
        await client.chat.completions.create(model="llm", messages=QUESTION, temperature=9)
    with pytest.raises(openai.NotFoundError, match="smollm2-135m-instruct"):
        await client.chat.completions.create(model="gpt-4o", messages=QUESTION)
