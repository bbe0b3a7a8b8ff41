import numpy as np
import numpy.typing as npt
import pytest

from services.tts.engine_encoding import encoder
from services.tts.speech import FORMATS
from tests.support.tts_files import decoded, wav_seconds

RATE = 22_050


def tone(seconds: float) -> npt.NDArray[np.float32]:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def written(name: str, *, held: bool, parts: int = 20) -> tuple[list[bytes], str]:
    writer = encoder(name, RATE, held=held)
    pieces = [writer.encode(part) for part in np.array_split(tone(2), parts)]
    return [*pieces, writer.finish()], writer.content_type


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_the_bytes_in_order_are_one_file(name: str, held: bool) -> None:
    pieces, media_type = written(name, held=held)
    sound = decoded(b"".join(pieces), media_type)
    assert sound.seconds == pytest.approx(2, abs=0.1)
    assert np.abs(sound.samples).max() == pytest.approx(0.5, abs=0.05)
    strongest = np.abs(np.fft.rfft(sound.samples)).argmax() / sound.seconds
    assert strongest == pytest.approx(440, abs=2)


@pytest.mark.parametrize("name", FORMATS)
def test_a_streamed_file_leaves_before_it_is_whole(name: str) -> None:
    pieces, _ = written(name, held=False)
    assert sum(map(len, pieces[:-1])) > 0.5 * sum(map(len, pieces))


@pytest.mark.parametrize("name", FORMATS)
def test_a_held_file_comes_in_one_piece(name: str) -> None:
    pieces, _ = written(name, held=True)
    assert not any(pieces[:-1])


def test_a_held_wav_says_how_long_it_is() -> None:
    pieces, _ = written("wav", held=True)
    assert wav_seconds(pieces[-1]) == pytest.approx(2)


def test_loud_samples_are_clipped_not_wrapped() -> None:
    writer = encoder("pcm", RATE, held=False)
    data = writer.encode(np.array([2.0, -2.0, 0.0], dtype=np.float32))
    assert np.frombuffer(data, "<i2").tolist() == [32767, -32767, 0]


def test_what_is_held_is_counted() -> None:
    writer = encoder("wav", RATE, held=True)
    writer.encode(tone(1))
    assert writer.held_bytes == RATE * 2
