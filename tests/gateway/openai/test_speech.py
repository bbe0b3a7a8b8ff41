"""Speech through OpenAI's own client: files, streams, events, refusals."""

import asyncio
import base64
import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from services.common.errors import InternalFault
from tests.support.openai_stack import OpenAiStack
from tests.support.tts_fakes import SECONDS_PER_CHARACTER
from tests.support.tts_files import decoded, wav_seconds

TEXT = "First sentence here. And the second one!"
SECONDS = (len(TEXT) - 1) * SECONDS_PER_CHARACTER


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg; codecs=opus"),
        ("flac", "audio/flac"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm;rate=8000;channels=1"),
    ],
)
async def test_every_format_is_a_whole_file(
    client: AsyncOpenAI, name: Any, media_type: str
) -> None:
    answer = await client.audio.speech.create(
        model="tts", voice="buzz", input=TEXT, response_format=name
    )
    assert answer.response.headers["content-type"] == media_type
    assert decoded(answer.content, media_type).seconds == pytest.approx(SECONDS, abs=0.2)


async def test_the_usual_format_is_mp3(client: AsyncOpenAI) -> None:
    answer = await client.audio.speech.create(model="humming", voice="default", input=TEXT)
    assert answer.response.headers["content-type"] == "audio/mpeg"


async def test_a_wav_file_says_how_long_it_is(client: AsyncOpenAI) -> None:
    answer = await client.audio.speech.create(
        model="tts", voice="hum", input=TEXT, response_format="wav"
    )
    assert wav_seconds(answer.content) == pytest.approx(SECONDS)


async def test_a_text_longer_than_openais_limit_is_streamed(client: AsyncOpenAI) -> None:
    answer = await client.audio.speech.create(
        model="tts", voice="hum", input="Again. " * 600, response_format="wav"
    )
    assert answer.content[:4] == b"RIFF"
    assert "content-length" not in answer.response.headers


async def test_a_stream_to_a_file(client: AsyncOpenAI, tmp_path: Path) -> None:
    target = tmp_path / "speech.mp3"
    async with client.audio.speech.with_streaming_response.create(
        model="tts", voice="hum", input=TEXT, speed=2
    ) as answer:
        await answer.stream_to_file(target)
    assert decoded(target.read_bytes()).seconds == pytest.approx(SECONDS / 2, abs=0.2)


async def test_the_synchronous_client(stack: OpenAiStack, tmp_path: Path) -> None:
    def speak() -> None:
        with stack.sync_client() as client:
            voice: Any = {"id": "buzz"}
            client.audio.speech.create(
                model="tts", voice=voice, input=TEXT, response_format="flac"
            ).write_to_file(tmp_path / "speech.flac")

    await asyncio.to_thread(speak)
    assert decoded((tmp_path / "speech.flac").read_bytes()).seconds == pytest.approx(SECONDS)


async def test_speech_as_events(client: AsyncOpenAI) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="tts", voice="hum", input=TEXT, stream_format="sse", response_format="pcm"
    ) as answer:
        lines = [line async for line in answer.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    assert events[-1]["type"] == "speech.audio.done"
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert len(sound) / 2 / 8000 == pytest.approx(SECONDS)


async def test_the_same_seed_gives_the_same_sound(client: AsyncOpenAI) -> None:
    sounds = [
        await client.audio.speech.create(
            model="tts", voice="hum", input=TEXT, response_format="wav", extra_body={"seed": seed}
        )
        for seed in (1, 1, 2)
    ]
    assert sounds[0].content == sounds[1].content != sounds[2].content


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"response_format": "aac"}, "invalid_value", "response_format"),
        ({"instructions": "Whisper."}, "unsupported_parameter", "instructions"),
        ({"voice": "alloy"}, "invalid_value", "voice"),
        ({"voice": {"name": "hum"}}, "invalid_type", "voice"),
        ({"voice": None}, "missing_required_parameter", "voice"),
        ({"speed": 9}, "invalid_value", "speed"),
        ({"input": ""}, "invalid_value", "input"),
        ({"inptu": ""}, "unknown_parameter", "inptu"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    client: AsyncOpenAI, given: dict[str, object], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.audio.speech.create(model="tts", voice="hum", input=TEXT, extra_body=given)
    assert (caught.value.code, caught.value.param) == (code, param)


async def test_an_unknown_voice_is_told_which_there_are(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="hum, buzz"):
        await client.audio.speech.create(model="tts", voice="alloy", input=TEXT)


async def test_a_failure_before_the_first_sound_is_an_error(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    stack.tts.engine.error = InternalFault("BROKEN", "hoarse")
    try:
        for name in ("wav", "mp3"):
            with pytest.raises(openai.InternalServerError, match="hoarse"):
                await client.audio.speech.create(
                    model="tts", voice="hum", input=TEXT, extra_body={"response_format": name}
                )
    finally:
        stack.tts.engine.error = None


async def test_a_stream_that_breaks_later_is_cut_off(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    engine = stack.tts.engine
    engine.sentences_begun = 0
    engine.hold = threading.Event()
    try:
        async with client.audio.speech.with_streaming_response.create(
            model="tts", voice="hum", input=TEXT, response_format="pcm"
        ) as answer:
            parts = answer.iter_bytes(1000)
            assert await anext(parts)
            engine.error = InternalFault("BROKEN", "hoarse")
            engine.hold.set()
            with pytest.raises(httpx2.RemoteProtocolError):
                async for _ in parts:
                    pass
    finally:
        engine.error = engine.hold = None
