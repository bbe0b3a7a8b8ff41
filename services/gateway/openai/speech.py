"""POST /v1/audio/speech over TtsService: the sound as it is spoken, or whole, or as events."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from aiohttp import web
from google.api import httpbody_pb2

from atelier.tts.v1 import tts_pb2
from services.gateway.bridge.sse import send_bytes
from services.gateway.bridge.transcode import Answer
from services.gateway.openai import models, parameters
from services.gateway.openai.bodies import read_json
from services.gateway.openai.calls import Calls
from services.gateway.openai.exchange import NAMES, Options, send_events
from services.gateway.openai.streams import event
from services.gateway.openai.values import Values, folded_seed, read

_SERVICE = "/atelier.tts.v1.TtsService"
_DEFAULT_VOICE = "default"
_WITH_LENGTH = ("wav", "flac")
"""Formats whose header says how long the sound is, once that is known."""
_WHOLE_CHARACTERS = 4096
"""OpenAI's longest input. Up to that, a format with a length is answered whole."""


class VoiceValues(Values):
    """A voice by its id."""

    id: str


class SpeechValues(Values):
    """The parameters of a reading."""

    input: str
    model: str
    voice: str | VoiceValues
    response_format: Literal["mp3", "opus", "flac", "wav", "pcm"] = "mp3"
    speed: float | None = None
    stream_format: Literal["audio", "sse"] = "audio"
    seed: int | None = None


class Speech:
    """The route's handler."""

    def __init__(self, calls: Calls, known: models.Models, options: Options) -> None:
        self._calls = calls
        self._models = known
        self._options = options

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Reads a text."""
        given = await read_json(request, self._options.limits)
        asked = read(SpeechValues, parameters.accepted(parameters.SPEECH, given))
        request[NAMES] = {"text": "input", "format": "response_format"}
        await self._models.check(request, models.SPEECH, asked.model)
        message = _request(asked)
        if asked.stream_format == "sse":
            return await send_events(request, self._events(request, message), self._options.pace)
        if asked.response_format in _WITH_LENGTH and len(asked.input) <= _WHOLE_CHARACTERS:
            return await self._whole(request, message)
        return await self._streamed(request, message)

    async def _whole(
        self, request: web.Request, message: tts_pb2.SynthesizeRequest
    ) -> web.StreamResponse:
        sound = await self._calls.answer(
            request, f"{_SERVICE}/Synthesize", message, httpbody_pb2.HttpBody
        )
        return web.Response(body=sound.data, headers={"Content-Type": sound.content_type})

    async def _streamed(
        self, request: web.Request, message: tts_pb2.SynthesizeRequest
    ) -> web.StreamResponse:
        content_type = ""

        async def parts() -> AsyncGenerator[bytes]:
            nonlocal content_type
            async with aclosing(self._reading(request, message)) as reading:
                async for item in reading:
                    content_type = content_type or item.started.content_type
                    if item.audio.data:
                        yield item.audio.data

        async with aclosing(parts()) as sound:
            return await send_bytes(
                request, sound, lambda data: Answer(content_type, data), self._options.pace
            )

    async def _events(
        self, request: web.Request, message: tts_pb2.SynthesizeRequest
    ) -> AsyncGenerator[bytes]:
        async with aclosing(self._reading(request, message)) as reading:
            async for item in reading:
                if item.audio.data:
                    kind = "speech.audio.delta"
                    data = base64.b64encode(item.audio.data).decode("ascii")
                    yield event({"type": kind, "audio": data}, kind)
        # Sound is not counted in tokens, but clients look for the counts.
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield event({"type": "speech.audio.done", "usage": usage}, "speech.audio.done")

    def _reading(
        self, request: web.Request, message: tts_pb2.SynthesizeRequest
    ) -> AsyncGenerator[tts_pb2.StreamSynthesizeResponse]:
        return self._calls.events(
            request, f"{_SERVICE}/StreamSynthesize", message, tts_pb2.StreamSynthesizeResponse
        )


def _request(asked: SpeechValues) -> tts_pb2.SynthesizeRequest:
    voice = asked.voice if isinstance(asked.voice, str) else asked.voice.id
    return tts_pb2.SynthesizeRequest(
        text=asked.input,
        voice="" if voice == _DEFAULT_VOICE else voice,
        format=asked.response_format,
        speed=asked.speed,
        seed=None if asked.seed is None else folded_seed(asked.seed),
    )
