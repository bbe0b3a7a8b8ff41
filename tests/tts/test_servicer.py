"""The contract over real gRPC, with an engine that hums."""

import asyncio
import random
import threading
from functools import partial
from typing import Any

import grpc
import pytest

from atelier.tts.v1 import tts_pb2
from services.common.errors import GpuOutOfMemory, ModelLoadFailed
from tests.support.common_jobs import soon
from tests.support.tts_fakes import SECONDS_PER_CHARACTER, HummingEngine
from tests.support.tts_files import decoded, wav_seconds
from tests.support.tts_worker import serving

TEXT = "First sentence here. And the second one! Then a third?"


async def test_a_unary_answer_is_a_whole_file_with_its_media_type() -> None:
    async with serving(HummingEngine()) as tts:
        body = await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text=TEXT, seed=1))
    assert body.content_type == "audio/wav"
    expected = (len(TEXT) - 2) * SECONDS_PER_CHARACTER
    assert wav_seconds(body.data) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["wav", "pcm", "flac", "mp3", "opus"])
async def test_a_stream_is_one_file_in_the_order_of_the_contract(name: str) -> None:
    async with serving(HummingEngine()) as tts:
        request = tts_pb2.SynthesizeRequest(text=TEXT, format=name, seed=7, voice="buzz")
        events = [event async for event in tts.stub.StreamSynthesize(request)]
    kinds = [event.WhichOneof("event") for event in events]
    assert kinds[:2] == ["loading", "started"]
    assert kinds[-1] == "finished"
    sentences = [event.sentence for event in events if event.HasField("sentence")]
    assert [TEXT[item.offset :][: len(item.text)] for item in sentences] == [
        item.text for item in sentences
    ]
    started, finished = events[1].started, events[-1].finished
    assert (started.voice, started.seed, started.channels) == ("buzz", 7, 1)
    data = b"".join(event.audio.data for event in events)
    sound = decoded(data, started.content_type)
    # MP3's frames and the encoder's run-in make a file longer.
    assert sound.seconds == pytest.approx(finished.audio_seconds, abs=0.25)
    assert sound.sample_rate == started.sample_rate
    assert finished.real_time_factor == pytest.approx(0.25)
    assert finished.time_to_first_audio_seconds > 0


async def test_equal_seeds_give_equal_files_and_a_random_one_is_told() -> None:
    async with serving(HummingEngine()) as tts:
        call = partial(tts_pb2.SynthesizeRequest, text="Hum.")
        one, same, other = [(await tts.stub.Synthesize(call(seed=seed))).data for seed in (0, 0, 5)]
        assert one == same != other
        seeds = {
            event.started.seed
            for _ in range(3)
            async for event in tts.stub.StreamSynthesize(call())
            if event.HasField("started")
        }
        assert len(seeds) == 3


async def test_speed_is_passed_on() -> None:
    async with serving(HummingEngine()) as tts:
        slow = await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text=TEXT, speed=0.5))
        fast = await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text=TEXT, speed=4))
    assert wav_seconds(slow.data) == pytest.approx(8 * wav_seconds(fast.data), rel=0.01)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "text", "is empty"),
        ({"text": "  \n"}, "text", "is empty"),
        ({"text": "a\0b"}, "text", "U+0000 at character 1"),
        ({"text": "\x1b[31m"}, "text", "U+001B"),
        ({"text": "😀🎉"}, "text", "nothing that can be spoken"),
        ({"text": "..."}, "text", "nothing that can be spoken"),
        ({"text": "a" * 4097}, "text", "4097 characters, more than the 4096"),
        ({"text": "a", "voice": "nobody"}, "voice", "use one of hum, buzz"),
        ({"text": "a", "format": "aiff"}, "format", "none of wav, pcm, flac, mp3, opus"),
        ({"text": "a", "speed": 0.2}, "speed", "from 0.25 to 4, not 0.2"),
        ({"text": "a", "speed": 4.5}, "speed", "from 0.25 to 4"),
        ({"text": "a", "speed": 0.0}, "speed", "from 0.25 to 4"),
        ({"text": "a", "speed": float("nan")}, "speed", "from 0.25 to 4"),
        ({"text": "a", "speed": float("inf")}, "speed", "from 0.25 to 4"),
    ],
)
async def test_a_wrong_field_is_named(fields: dict[str, object], field: str, words: str) -> None:
    async with serving(HummingEngine()) as tts:
        violations = await tts.refusal(**fields)
        assert list(violations) == [field]
        assert words in violations[field]
        assert tts.engine.loads == 0


async def test_all_wrong_fields_are_named_at_once() -> None:
    async with serving(HummingEngine()) as tts:
        violations = await tts.refusal(text="", voice="x", format="y", speed=9)
    assert set(violations) == {"text", "voice", "format", "speed"}


async def test_a_long_text_may_be_streamed() -> None:
    text = "Go on. " * 700
    async with serving(HummingEngine()) as tts:
        assert "StreamSynthesize" in (await tts.refusal(text=text))["text"]
        request = tts_pb2.SynthesizeRequest(text=text, speed=4)
        events = [event async for event in tts.stub.StreamSynthesize(request)]
    assert sum(event.HasField("sentence") for event in events) == 700


async def test_listing_and_describing_do_not_load_the_model() -> None:
    async with serving(HummingEngine(), queue_size=3) as tts:
        voices = await tts.stub.ListVoices(tts_pb2.ListVoicesRequest())
        model = await tts.stub.DescribeModel(tts_pb2.DescribeModelRequest())
        assert tts.engine.loads == 0
    assert [voice.id for voice in voices.voices] == ["hum", "buzz"]
    assert (model.model.state, model.sample_rate, model.max_queued_calls) == ("unloaded", 0, 3)
    assert list(model.formats) == ["wav", "pcm", "flac", "mp3", "opus"]


async def test_the_model_is_loaded_once() -> None:
    async with serving(HummingEngine()) as tts:
        for _ in range(2):
            await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text="Hum."))
        model = await tts.stub.DescribeModel(tts_pb2.DescribeModelRequest())
        assert tts.engine.loads == 1
    assert model.sample_rate == 8000


async def test_a_cancelled_stream_stops_the_engine_and_frees_the_lane() -> None:
    engine = HummingEngine()
    engine.hold = threading.Event()
    async with serving(engine) as tts:
        stream = tts.stub.StreamSynthesize(tts_pb2.SynthesizeRequest(text=TEXT))
        async for event in stream:
            if event.HasField("audio"):
                break
        stream.cancel()
        assert await asyncio.to_thread(engine.stopped.wait, 30)
        assert engine.sentences_begun <= 2
        engine.hold.set()
        await soon(tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text="Next.")))


async def test_a_deadline_stops_the_engine() -> None:
    engine = HummingEngine()
    engine.hold = threading.Event()
    async with serving(engine) as tts:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text=TEXT), timeout=0.3)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert await asyncio.to_thread(engine.stopped.wait, 30)


async def test_who_waits_is_told_its_place_and_too_many_are_refused() -> None:
    engine = HummingEngine()
    engine.hold = threading.Event()
    async with serving(engine, queue_size=1) as tts:
        first = tts.stub.StreamSynthesize(tts_pb2.SynthesizeRequest(text=TEXT))
        async for event in first:
            if event.HasField("audio"):
                break
        second: Any = tts.stub.StreamSynthesize(tts_pb2.SynthesizeRequest(text="Me too."))
        waiting = await soon(second.read())
        assert waiting.queued.position == 0
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text="And me."))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        engine.hold.set()
        kinds = []
        while event := await soon(second.read()):
            kinds.append(event.WhichOneof("event"))
        assert kinds[-1] == "finished"
        first.cancel()


@pytest.mark.parametrize(
    ("engine", "code"),
    [
        (HummingEngine(error=GpuOutOfMemory("full")), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (HummingEngine(error=ValueError("broken")), grpc.StatusCode.INTERNAL),
        (HummingEngine(load_error=ModelLoadFailed("gone")), grpc.StatusCode.INTERNAL),
    ],
)
async def test_the_capabilitys_own_faults(engine: HummingEngine, code: grpc.StatusCode) -> None:
    async with serving(engine) as tts:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text="Hum."))
    assert caught.value.code() is code


async def test_series_stand_at_zero_and_count_finished_readings() -> None:
    async with serving(HummingEngine()) as tts:
        names = (
            "audio_seconds_total",
            "characters_total",
            "real_time_factor_count",
            "time_to_first_audio_seconds_count",
        )
        assert [tts.figure(name) for name in names] == [0, 0, 0, 0]
        async for _ in tts.stub.StreamSynthesize(tts_pb2.SynthesizeRequest(text="Hum hum.")):
            pass
        assert tts.figure("audio_seconds_total") == pytest.approx(8 * SECONDS_PER_CHARACTER)
        assert tts.figure("characters_total") == 8
        assert tts.figure("real_time_factor_count") == 1
        assert tts.figure("time_to_first_audio_seconds_count") == 1


async def test_many_callers_each_get_their_own_text() -> None:
    lengths = random.Random(1).sample(range(1, 60), 12)
    async with serving(HummingEngine(), queue_size=12) as tts:
        bodies = await asyncio.gather(
            *(
                tts.stub.Synthesize(tts_pb2.SynthesizeRequest(text="a" * length))
                for length in lengths
            )
        )
    seconds = [wav_seconds(body.data) for body in bodies]
    assert seconds == pytest.approx([length * SECONDS_PER_CHARACTER for length in lengths])
