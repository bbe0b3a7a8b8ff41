"""An engine that hums: a sine for each sentence, as long as its text. No model, real files."""

import threading
from collections.abc import Iterator

import numpy as np

from atelier.common.v1 import progress_pb2
from services.common.cancellation import Cancellation
from services.tts.engine_encoding import encoder
from services.tts.sentences import sentences
from services.tts.speech import (
    Audio,
    Finished,
    SentenceBegan,
    Speech,
    SpeechEvent,
    Started,
    Voice,
)

RATE = 8000
SECONDS_PER_CHARACTER = 0.02
VOICES = (Voice("hum", "en-US", "Hum"), Voice("buzz", "en-US", "Buzz"))


class HummingEngine:
    """Behaves as the servicer's Engine; pitch follows the seed, length the text and speed."""

    def __init__(self, *, error: Exception | None = None, load_error: Exception | None = None):
        self.loaded = False
        self.loads = 0
        self.knows_all_voices = True
        self.error = error
        self.load_error = load_error
        self.sentences_begun = 0
        self.stopped = threading.Event()
        self.hold: threading.Event | None = None
        """If set, every sentence after the first waits for it, looking at the cancellation."""

    @property
    def sample_rate(self) -> int:
        return RATE if self.loaded else 0

    def voices(self) -> tuple[Voice, ...]:
        return VOICES

    def status(self) -> progress_pb2.ModelStatus:
        return progress_pb2.ModelStatus(
            name="humming", state="loaded" if self.loaded else "unloaded", device="cpu"
        )

    def load(self) -> None:
        self.loads += 1
        if self.load_error is not None:
            raise self.load_error
        self.loaded = True

    def speak(self, speech: Speech, cancellation: Cancellation) -> Iterator[SpeechEvent]:
        try:
            yield from self._events(speech, cancellation)
        finally:
            self.stopped.set()

    def _events(self, speech: Speech, cancellation: Cancellation) -> Iterator[SpeechEvent]:
        writer = encoder(speech.format, RATE, held=speech.max_held_bytes is not None)
        yield Started(writer.content_type, writer.sample_rate, 1, ())
        samples = 0
        for sentence in sentences(speech.text):
            self._wait(cancellation)
            if self.error is not None:
                raise self.error
            yield SentenceBegan(sentence.text, sentence.offset, samples / RATE)
            wave = _hum(len(sentence.text) * SECONDS_PER_CHARACTER / speech.speed, speech.seed)
            samples += len(wave)
            yield Audio(writer.encode(wave))
        yield Audio(writer.finish())
        yield Finished(audio_seconds=samples / RATE, computing_seconds=samples / RATE / 4)

    def _wait(self, cancellation: Cancellation) -> None:
        self.sentences_begun += 1
        while self.hold is not None and self.sentences_begun > 1 and not self.hold.wait(0.01):
            cancellation.check()
        cancellation.check()


def _hum(seconds: float, seed: int) -> np.typing.NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    wave: np.typing.NDArray[np.float32] = np.sin(
        2 * np.pi * (200 + seed % 500) * time, dtype=np.float32
    ) * np.float32(0.5)
    return wave
