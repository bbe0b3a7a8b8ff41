"""An independent listener: PocketSphinx with the small American English model it ships with."""

import re

import av
import numpy as np
from pocketsphinx import Decoder

from tests.support.tts_files import Sound

_RATE = 16_000


class Listener:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=_RATE, loglevel="FATAL")

    def hear(self, sound: Sound) -> list[str]:
        """The words of a sentence."""
        self._decoder.start_utt()
        self._decoder.process_raw(_pcm(sound), no_search=False, full_utt=True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        return words(re.sub(r"\(\d+\)", "", heard.hypstr)) if heard else []


def words(text: str) -> list[str]:
    """The words of a text in lower case."""
    return re.findall(r"[a-z']+", text.lower())


def word_errors(said: list[str], heard: list[str]) -> int:
    """Words to insert, delete or replace to get from one to the other."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, start=1):
        last, row = row, [place]
        for column, other in enumerate(heard, start=1):
            row.append(min(row[-1] + 1, last[column] + 1, last[column - 1] + (word != other)))
    return row[-1]


def _pcm(sound: Sound) -> bytes:
    """16-bit samples at the listener's rate, between two moments of silence."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    frame = av.AudioFrame.from_ndarray(sound.samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = sound.sample_rate
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    silence = bytes(_RATE * 2 * 3 // 10)
    samples = [part.to_ndarray().astype(np.int16).tobytes() for part in frames]
    return b"".join([silence, *samples, silence])
