"""The engine of the tts worker: the model, its script and the encoder behind one method.

Knows in which order a text becomes a file; each step is a module of its own. Knows no gRPC.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from atelier.common.v1 import progress_pb2
from services.common import tracing
from services.common.cancellation import Cancellation
from services.common.device import pick_device
from services.common.errors import FieldViolation, InvalidArgument
from services.common.model_slot import LoadedModel, ModelSlot
from services.common.models import ModelSource
from services.common.worker_metrics import WorkerMetrics
from services.tts import engine_voice, text
from services.tts.description import Description, describe
from services.tts.engine_encoding import Encoder, encoder
from services.tts.engine_script import Script, load_script
from services.tts.engine_vocoder import Residual
from services.tts.engine_voice import VitsVoice
from services.tts.requests import unknown_voice
from services.tts.sentences import Sentence, sentences
from services.tts.settings import TtsSettings
from services.tts.speech import (
    Audio,
    Finished,
    SentenceBegan,
    Speech,
    SpeechEvent,
    Started,
    Voice,
)

PAUSE_SECONDS = 0.12
"""Silence between sentences at speed 1, beside what the voice leaves of its own."""
_WARNED_CHARACTERS = 20_000
_SEED_STEP = 0x9E3779B1
_MAX_AUDIO_BYTES = 256 * 1024


@dataclass(frozen=True)
class _Loaded:
    description: Description
    script: Script
    voice: VitsVoice


class TtsEngine:
    """Reads texts with one VITS model."""

    def __init__(self, settings: TtsSettings, source: ModelSource, metrics: WorkerMetrics) -> None:
        # A device that is not there is a wrong setting, and told at start.
        pick_device(settings.device, cuda_devices=engine_voice.cuda_devices())
        self._settings = settings
        self._source = source
        self._metrics = metrics
        self._slot = ModelSlot(
            name=source.name, device=settings.device, load=self._load, metrics=metrics
        )
        self._described: Description | None = None

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._slot.loaded

    @property
    def sample_rate(self) -> int:
        """Samples per second of the voice; 0 until the model is loaded."""
        return self._slot.get().voice.sample_rate if self._slot.loaded else 0

    def load(self) -> None:
        """Loads the model if it is not in memory; blocks. Raises ModelLoadFailed."""
        self._slot.get()

    def status(self) -> progress_pb2.ModelStatus:
        """The model and whether it is in memory."""
        return self._slot.status()

    @property
    def knows_all_voices(self) -> bool:
        """Whether voices() is complete: a hub model's files may not be on this machine yet."""
        return self._source.is_local or self._described is not None

    def voices(self) -> tuple[Voice, ...]:
        """The voices, the default one first, as far as the files on this machine tell."""
        return self._description().voices

    def speak(self, speech: Speech, cancellation: Cancellation) -> Iterator[SpeechEvent]:
        """Reads the text: Started, for each sentence SentenceBegan and Audio, then Finished.

        Raises InvalidArgument if nothing in the text can be spoken by this model, the model has
        no such voice or the held file grows too large; GpuOutOfMemory, ModelLoadFailed and
        JobCancelled.
        """
        loaded = self._slot.get()
        speaker = _speaker(loaded, speech.voice)
        cancellation.check()
        yield from _Reading(loaded, speech, speaker, cancellation, self._metrics).events()

    def _description(self) -> Description:
        if self._described is None:
            found = describe(self._source.name, self._read)
            if not self._has_config():
                return found  # not on this machine yet: look again later
            self._described = found
        return self._described

    def _has_config(self) -> bool:
        return self._read("config.json") is not None

    def _read(self, file_name: str) -> str | None:
        """A file of the model, without asking the network."""
        try:
            path = (
                Path(self._source.location, file_name)
                if self._source.is_local
                else Path(_cached(self._source.location, file_name))
            )
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, EntryNotFoundError):
            return None

    def _load(self) -> LoadedModel[_Loaded]:
        engine_voice.use_threads(self._settings.threads)
        device = pick_device(self._settings.device, cuda_devices=engine_voice.cuda_devices())
        description = describe(self._source.name, self._fetched)
        script = load_script(self._source.location, description)
        voice = engine_voice.load(
            self._source.location,
            device=device,
            dtype=self._settings.dtype,
            residual=Residual(description.residual_kind, description.residual_shift),
        )
        self._described = description
        _warm(voice, script)
        return LoadedModel(
            value=_Loaded(description, script, voice),
            device=device,
            dtype=voice.dtype,
            parameters=voice.parameters,
        )

    def _fetched(self, file_name: str) -> str | None:
        """A file of the model; a hub model's small files are fetched, for it is loaded now."""
        found = self._read(file_name)
        if found is not None or self._source.is_local:
            return found
        try:
            path = hf_hub_download(self._source.location, file_name)
        except LocalEntryNotFoundError:
            raise  # the hub cannot be reached
        except EntryNotFoundError:
            return None
        return Path(path).read_text(encoding="utf-8")


def _cached(repository: str, file_name: str) -> str:
    return str(hf_hub_download(repository, file_name, local_files_only=True))


def _warm(voice: VitsVoice, script: Script) -> None:
    """The first run of torch's kernels is slow; it is part of the loading."""
    tokens = script.tokens("a e i o u.")
    for _ in voice.speak(tokens or [1], speed=1.0, seed=0, check=lambda: None):
        pass


def _speaker(loaded: _Loaded, voice_id: str) -> int | None:
    for number, voice in enumerate(loaded.description.voices):
        if voice.id == voice_id:
            return number if loaded.voice.speakers > 1 else None
    raise InvalidArgument(unknown_voice(voice_id, loaded.description.voices))


class _Reading:
    """One text while it is read."""

    def __init__(
        self,
        loaded: _Loaded,
        speech: Speech,
        speaker: int | None,
        cancellation: Cancellation,
        metrics: WorkerMetrics,
    ) -> None:
        self._voice = loaded.voice
        self._script = loaded.script
        self._speech = speech
        self._speaker = speaker
        self._cancellation = cancellation
        self._metrics = metrics
        self._rate = loaded.voice.sample_rate
        self._encoder: Encoder = encoder(
            speech.format, self._rate, held=speech.max_held_bytes is not None
        )
        self._samples = 0
        self._seconds = dict.fromkeys(("pronounce", "synthesize", "encode"), 0.0)

    def events(self) -> Iterator[SpeechEvent]:
        """See TtsEngine.speak."""
        pieces = self._speakable()
        first = next(pieces, None)
        if first is None:
            raise InvalidArgument(
                FieldViolation("text", "has nothing that this voice can speak; add words")
            )
        yield Started(
            content_type=self._encoder.content_type,
            sample_rate=self._encoder.sample_rate,
            channels=1,
            warnings=self._warnings(),
        )
        yield from self._sentence(0, *first)
        for number, (sentence, tokens) in enumerate(pieces, start=1):
            yield from self._pause()
            yield from self._sentence(number, sentence, tokens)
        with self._timed("encode"):
            rest = self._encoder.finish()
        yield from _in_parts(rest)
        for stage, seconds in self._seconds.items():
            # The stages take turns, sentence by sentence: no spans of their own, but their sums.
            tracing.active.current().set(f"atelier.{stage}_seconds", seconds)
            self._metrics.task_seconds.labels(stage=stage).observe(seconds)
        yield Finished(
            audio_seconds=self._samples / self._rate,
            computing_seconds=sum(self._seconds.values()),
        )

    def _speakable(self) -> Iterator[tuple[Sentence, Sequence[int]]]:
        for sentence in sentences(self._speech.text):
            self._cancellation.check()
            with self._timed("pronounce"):
                tokens = self._script.tokens(sentence.text)
            if tokens:
                yield sentence, tokens

    def _warnings(self) -> tuple[str, ...]:
        missing = self._script.unspeakable(self._speech.text[:_WARNED_CHARACTERS])
        if not missing:
            return ()
        return (f"this voice cannot speak {text.described(missing)}; they are left out",)

    def _sentence(
        self, number: int, sentence: Sentence, tokens: Sequence[int]
    ) -> Iterator[SpeechEvent]:
        yield SentenceBegan(sentence.text, sentence.offset, self._samples / self._rate)
        pieces = self._voice.speak(
            tokens,
            speed=self._speech.speed,
            seed=(self._speech.seed + number * _SEED_STEP) % 2**32,
            speaker=self._speaker,
            check=self._cancellation.check,
        )
        while (samples := self._next(pieces)) is not None:
            yield from self._encoded(samples)

    def _next(self, pieces: Iterator[engine_voice.Samples]) -> engine_voice.Samples | None:
        with self._timed("synthesize"):
            return next(pieces, None)

    def _pause(self) -> Iterator[SpeechEvent]:
        silence = round(PAUSE_SECONDS / self._speech.speed * self._rate)
        yield from self._encoded(np.zeros(silence, dtype=np.float32))

    def _encoded(self, samples: engine_voice.Samples) -> Iterator[SpeechEvent]:
        with self._timed("encode"):
            data = self._encoder.encode(samples)
        self._samples += len(samples)
        limit = self._speech.max_held_bytes
        if limit is not None and self._encoder.held_bytes > limit:
            raise InvalidArgument(
                FieldViolation(
                    "text",
                    f"makes a file of more than {limit} bytes; use StreamSynthesize, a shorter "
                    "text or the format opus",
                )
            )
        yield from _in_parts(data)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] += time.perf_counter() - began


def _in_parts(data: bytes) -> Iterator[Audio]:
    for begin in range(0, len(data), _MAX_AUDIO_BYTES):
        yield Audio(data[begin : begin + _MAX_AUDIO_BYTES])
