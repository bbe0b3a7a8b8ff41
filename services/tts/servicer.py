"""The tts contract: messages to plain values and back. Knows no model and no torch."""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, cast

import grpc
from google.api import httpbody_pb2

from atelier.common.v1 import progress_pb2
from atelier.tts.v1 import tts_pb2, tts_pb2_grpc
from services.common.cancellation import Cancellation
from services.common.lane import Lane, Queued
from services.tts.metrics import TtsMetrics
from services.tts.requests import speech
from services.tts.settings import TtsSettings
from services.tts.speech import (
    FORMATS,
    Audio,
    Finished,
    SentenceBegan,
    Speech,
    SpeechEvent,
    Started,
    Voice,
)

_MESSAGE_OVERHEAD_BYTES = 64 * 1024


class Engine(Protocol):
    """What the servicer needs of the one that speaks."""

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""

    @property
    def sample_rate(self) -> int:
        """Samples per second; 0 until the model is loaded."""

    @property
    def knows_all_voices(self) -> bool:
        """Whether voices() is complete, which a model that is not here yet cannot promise."""

    def voices(self) -> tuple[Voice, ...]:
        """The voices, the default one first. Answers at once."""

    def status(self) -> progress_pb2.ModelStatus:
        """The model and whether it is in memory. Answers at once."""

    def load(self) -> None:
        """Loads the model if it is not in memory; blocks."""

    def speak(self, speech: Speech, cancellation: Cancellation) -> Iterator[SpeechEvent]:
        """Started, then for each sentence SentenceBegan and Audio, then Finished."""


@dataclass(frozen=True)
class _Loading:
    """The model is loaded before the reading begins."""


_Event = Queued | _Loading | SpeechEvent


class TtsServicer(tts_pb2_grpc.TtsServiceServicer):
    """Serves atelier.tts.v1.TtsService."""

    def __init__(
        self, engine: Engine, lane: Lane, metrics: TtsMetrics, settings: TtsSettings
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._metrics = metrics
        self._settings = settings

    async def Synthesize(
        self,
        request: tts_pb2.SynthesizeRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> httpbody_pb2.HttpBody:
        """Reads a text and answers with the whole file."""
        wanted = self._speech(
            request,
            max_characters=self._settings.max_unary_characters,
            max_held_bytes=self._settings.max_message_mib * 2**20 - _MESSAGE_OVERHEAD_BYTES,
        )
        content_type, parts = "", []
        async with aclosing(self._events(wanted)) as events:
            async for event in events:
                if isinstance(event, Started):
                    content_type = event.content_type
                elif isinstance(event, Audio):
                    parts.append(event.data)
        return httpbody_pb2.HttpBody(content_type=content_type, data=b"".join(parts))

    async def StreamSynthesize(
        self,
        request: tts_pb2.SynthesizeRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> AsyncGenerator[tts_pb2.StreamSynthesizeResponse, None]:
        """Reads a text sentence by sentence."""
        arrived = time.monotonic()
        wanted = self._speech(
            request,
            max_characters=self._settings.max_stream_characters,
            max_held_bytes=None,
        )
        first_audio: float | None = None
        async with aclosing(self._events(wanted)) as events:
            async for event in events:
                if isinstance(event, Audio) and first_audio is None:
                    first_audio = time.monotonic() - arrived
                    self._metrics.time_to_first_audio_seconds.observe(first_audio)
                yield self._message(event, wanted, first_audio or 0.0)

    async def ListVoices(
        self,
        request: tts_pb2.ListVoicesRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> tts_pb2.ListVoicesResponse:
        """The voices, the default one first."""
        voices = [
            tts_pb2.Voice(id=voice.id, language=voice.language, display_name=voice.display_name)
            for voice in self._engine.voices()
        ]
        return tts_pb2.ListVoicesResponse(voices=voices)

    async def DescribeModel(
        self,
        request: tts_pb2.DescribeModelRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> tts_pb2.DescribeModelResponse:
        """The model, its defaults and its limits."""
        return tts_pb2.DescribeModelResponse(
            model=self._engine.status(),
            sample_rate=self._engine.sample_rate,
            formats=FORMATS,
            max_unary_characters=self._settings.max_unary_characters,
            max_stream_characters=self._settings.max_stream_characters,
            max_queued_calls=self._settings.queue_size,
        )

    def _speech(
        self,
        request: tts_pb2.SynthesizeRequest,
        *,
        max_characters: int,
        max_held_bytes: int | None,
    ) -> Speech:
        return speech(
            request,
            voices=self._engine.voices(),
            voices_are_all=self._engine.knows_all_voices,
            max_characters=max_characters,
            max_held_bytes=max_held_bytes,
        )

    async def _events(self, wanted: Speech) -> AsyncGenerator[_Event, None]:
        """What happens to a reading in the lane, counted on the way."""

        def job(cancellation: Cancellation) -> Iterator[_Loading | SpeechEvent]:
            if not self._engine.loaded:
                yield _Loading()
                self._engine.load()
            yield from self._engine.speak(wanted, cancellation)

        run = cast("AsyncGenerator[_Event, None]", self._lane.run(job))
        async with aclosing(run) as events:
            async for event in events:
                if isinstance(event, Finished):
                    self._count(wanted, event)
                yield event

    def _count(self, wanted: Speech, finished: Finished) -> None:
        self._metrics.audio_seconds.inc(finished.audio_seconds)
        self._metrics.characters.inc(len(wanted.text))
        self._metrics.real_time_factor.observe(_real_time_factor(finished))

    def _message(
        self, event: _Event, wanted: Speech, first_audio_seconds: float
    ) -> tts_pb2.StreamSynthesizeResponse:
        match event:
            case Queued(position):
                return tts_pb2.StreamSynthesizeResponse(
                    queued=progress_pb2.QueuePlace(position=position)
                )
            case _Loading():
                return tts_pb2.StreamSynthesizeResponse(
                    loading=progress_pb2.ModelLoading(model=self._engine.status().name)
                )
            case Started():
                return tts_pb2.StreamSynthesizeResponse(started=_started(event, wanted))
            case SentenceBegan(text, offset, start_seconds):
                return tts_pb2.StreamSynthesizeResponse(
                    sentence=tts_pb2.SpeechSentence(
                        text=text, offset=offset, start_seconds=start_seconds
                    )
                )
            case Audio(data):
                return tts_pb2.StreamSynthesizeResponse(audio=tts_pb2.SpeechAudio(data=data))
            case Finished():
                return tts_pb2.StreamSynthesizeResponse(
                    finished=tts_pb2.SpeechFinished(
                        audio_seconds=event.audio_seconds,
                        real_time_factor=_real_time_factor(event),
                        time_to_first_audio_seconds=first_audio_seconds,
                    )
                )


def _started(event: Started, wanted: Speech) -> tts_pb2.SpeechStarted:
    return tts_pb2.SpeechStarted(
        content_type=event.content_type,
        sample_rate=event.sample_rate,
        channels=event.channels,
        voice=wanted.voice,
        seed=wanted.seed,
        warnings=event.warnings,
    )


def _real_time_factor(finished: Finished) -> float:
    return finished.computing_seconds / finished.audio_seconds if finished.audio_seconds else 0.0
