from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import InvalidArgument, ModelLoadFailed
from services.common.models import ModelSource
from services.common.worker_metrics import WorkerMetrics
from services.tts.engine import TtsEngine
from services.tts.metrics import STAGES
from services.tts.settings import TtsSettings
from services.tts.speech import Audio, Finished, SentenceBegan, Speech, SpeechEvent, Started
from tests.support.tts_files import decoded, wav_seconds
from tests.support.tts_voices import write_tiny_voice

SPEECH = Speech(text="hello there. you two!", voice="tiny", format="wav", speed=1.0, seed=3)


def engine(folder: Path, name: str = "tiny", **settings: object) -> TtsEngine:
    options = TtsSettings(
        name="tts",
        service="atelier.tts.v1.TtsService",
        port=0,
        metrics_port=0,
        model=name,
        **settings,  # type: ignore[arg-type]
    )
    source = ModelSource(name=name, location=str(folder), is_local=True)
    return TtsEngine(options, source, WorkerMetrics(CollectorRegistry(), STAGES))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TtsEngine:
    return engine(write_tiny_voice(tmp_path_factory.mktemp("tiny")))


def events(tiny: TtsEngine, speech: Speech) -> list[SpeechEvent]:
    return list(tiny.speak(speech, Cancellation()))


def file_of(found: Sequence[SpeechEvent]) -> bytes:
    return b"".join(event.data for event in found if isinstance(event, Audio))


def test_what_is_known_before_the_model_is_loaded(tmp_path: Path) -> None:
    fresh = engine(write_tiny_voice(tmp_path))
    assert [voice.id for voice in fresh.voices()] == ["tiny"]
    assert fresh.voices()[0].language == "en"
    assert (fresh.loaded, fresh.sample_rate, fresh.status().state) == (False, 0, "unloaded")


def test_events_come_in_the_order_of_the_contract(tiny: TtsEngine) -> None:
    found = events(tiny, SPEECH)
    assert isinstance(found[0], Started)
    assert isinstance(found[-1], Finished)
    begun = [event for event in found if isinstance(event, SentenceBegan)]
    places = [(event.text, event.offset) for event in begun]
    assert places == [("hello there.", 0), ("you two!", 13)]
    assert begun[1].start_seconds > begun[0].start_seconds == 0
    assert decoded(file_of(found)).seconds == pytest.approx(found[-1].audio_seconds)
    assert tiny.sample_rate == 8000


def test_equal_requests_give_equal_files(tiny: TtsEngine) -> None:
    first = file_of(events(tiny, SPEECH))
    events(tiny, replace(SPEECH, seed=4))
    assert file_of(events(tiny, SPEECH)) == first
    assert file_of(events(tiny, replace(SPEECH, seed=4))) != first


def test_sentences_that_are_equal_do_not_sound_equal(tiny: TtsEngine) -> None:
    found = events(tiny, replace(SPEECH, text="go on. go on.", format="pcm"))
    second = next(
        place
        for place, event in enumerate(found)
        if isinstance(event, SentenceBegan) and event.offset
    )
    first_half, second_half = file_of(found[:second]), file_of(found[second:])
    assert first_half[: len(second_half)] != second_half[: len(first_half)]


def test_a_held_file_says_its_length(tiny: TtsEngine) -> None:
    found = events(tiny, replace(SPEECH, max_held_bytes=10**6))
    finished = found[-1]
    assert isinstance(finished, Finished)
    assert wav_seconds(file_of(found)) == pytest.approx(finished.audio_seconds)


def test_a_held_file_has_a_limit(tiny: TtsEngine) -> None:
    with pytest.raises(InvalidArgument, match="StreamSynthesize"):
        events(tiny, replace(SPEECH, max_held_bytes=1000))


def test_what_cannot_be_spoken_is_named(tiny: TtsEngine) -> None:
    started = events(tiny, replace(SPEECH, text="hello 你好"))[0]
    assert isinstance(started, Started)
    assert "'你', '好'" in started.warnings[0]


def test_numbers_are_put_into_words_for_an_english_letter_model(tiny: TtsEngine) -> None:
    started = events(tiny, replace(SPEECH, text="5 apples for $3"))[0]
    assert isinstance(started, Started)
    assert started.warnings == ()


@pytest.mark.parametrize("text", ["你好", "。。"])
def test_a_text_that_this_voice_cannot_speak_at_all(tiny: TtsEngine, text: str) -> None:
    with pytest.raises(InvalidArgument, match="nothing that this voice can speak"):
        events(tiny, replace(SPEECH, text=text))


def test_a_voice_that_the_model_lacks(tiny: TtsEngine) -> None:
    with pytest.raises(InvalidArgument, match="no voice 'nobody'"):
        events(tiny, replace(SPEECH, voice="nobody"))


def test_speakers_are_voices(tmp_path: Path) -> None:
    several = engine(write_tiny_voice(tmp_path, speakers=2))
    assert [voice.id for voice in several.voices()] == ["speaker-0", "speaker-1"]
    one, other = (
        file_of(events(several, replace(SPEECH, voice=voice.id))) for voice in several.voices()
    )
    assert one != other


def test_a_long_text_is_read_without_holding_it(tiny: TtsEngine) -> None:
    reading = tiny.speak(replace(SPEECH, text="go on. " * 10_000), Cancellation())
    seen = [type(next(reading)) for _ in range(3)]
    assert seen == [Started, SentenceBegan, Audio]


def test_a_cancelled_reading_stops_within_a_sentence(tiny: TtsEngine) -> None:
    cancellation = Cancellation()
    reading = tiny.speak(replace(SPEECH, text="go on. " * 100), cancellation)
    assert isinstance(next(reading), Started)
    cancellation.cancel()
    with pytest.raises(JobCancelled):
        list(islice(reading, 3))


def test_a_tokenizer_that_wants_uroman_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadFailed, match="uroman"):
        engine(write_tiny_voice(tmp_path, is_uroman=True)).load()


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_voice(tmp_path)
    (folder / "vocab.json").unlink()
    broken = engine(folder)
    with pytest.raises(ModelLoadFailed, match=r"vocab\.json"):
        broken.load()
    assert broken.status().state == "failed"


def test_a_model_trained_on_phonemes_gets_ours(tmp_path: Path) -> None:
    folder = write_tiny_voice(tmp_path, phonemize=True)
    spoken = events(engine(folder), SPEECH)
    assert isinstance(spoken[-1], Finished)


def test_pauses_stand_between_sentences_only(tiny: TtsEngine) -> None:
    pcm = file_of(events(tiny, replace(SPEECH, format="pcm")))
    samples = np.frombuffer(pcm, "<i2")
    assert samples[-1] != 0 or samples[-10:].any()
