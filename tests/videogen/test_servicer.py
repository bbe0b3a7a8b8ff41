"""The contract over real gRPC, with a fake camera."""

import asyncio
from dataclasses import replace
from typing import Any

import grpc
import pytest

from atelier.videogen.v1 import videogen_pb2
from services.videogen.card import VideoCard
from services.videogen.servicer import CHUNK_BYTES
from tests.support.common_jobs import soon
from tests.support.image_pictures import huge_png, picture_file
from tests.support.video_fakes import CARD, film_studio
from tests.support.violations import failure, reason, refused_fields
from tests.support.waiting import until


def kinds(answers: list[videogen_pb2.GenerateVideoResponse]) -> list[str]:
    return [str(answer.WhichOneof("event")) for answer in answers]


async def test_the_stream_has_its_order_and_the_chunks_are_the_file() -> None:
    async with film_studio() as worker:
        worker.camera.file = bytes(range(256)) * 10_000
        answers = await soon(worker.filmed(steps=2, preview_every_steps=2, seed=9))
        assert kinds(answers) == [
            "loading", "progress", "progress", "preview", "encoding", "video",
            "chunk", "chunk", "chunk",
        ]  # fmt: skip
        assert answers[4].encoding.num_frames == 9
        info = answers[5].video
        assert (info.size_bytes, info.content_type) == (2_560_000, "video/mp4")
        assert (info.num_frames, info.frames_per_second, info.duration_seconds) == (9, 8, 1.125)
        assert (info.width, info.height, info.seed, info.steps) == (64, 64, 9, 2)
        chunks = [answer.chunk.data for answer in answers[6:]]
        assert len(chunks[0]) == CHUNK_BYTES
        assert b"".join(chunks) == worker.camera.file


async def test_the_settings_reach_the_camera() -> None:
    async with film_studio() as worker:
        await soon(
            worker.filmed(
                image=picture_file(size=(200, 100)),
                prompt="left",
                negative_prompt="right",
                num_frames=17,
                frames_per_second=24,
                width=96,
                height=32,
                guidance_scale=3.0,
                motion_strength=0.75,
                format="webm",
            )
        )
        order = worker.camera.orders[0]
        assert order.picture.size == (96, 32)
        assert (order.prompt, order.negative_prompt) == ("left", "right")
        assert (order.num_frames, order.frames_per_second) == (17, 24)
        assert (order.guidance_scale, order.motion_strength, order.format) == (3.0, 0.75, "webm")


async def test_a_picture_of_another_shape_is_warned_of() -> None:
    async with film_studio() as worker:
        answers = await soon(worker.filmed(image=picture_file(size=(200, 100))))
        info = next(answer.video for answer in answers if answer.HasField("video"))
        assert list(info.warnings) == ["the picture was cut from 200 x 100 to the shape of 64 x 64"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"image": b""}, "image", "is empty"),
        ({"image": b"a text named picture.png"}, "image", "not text"),
        ({"image": picture_file("JPEG", size=(200, 200))[:-200]}, "image", "damaged JPEG"),
        ({"image": huge_png(20_000, 20_000)}, "image", "make it smaller"),
        ({"num_frames": 10_000}, "num_frames", "the nearest is 97"),
        ({"num_frames": 16}, "num_frames", "the nearest are 9 and 17"),
        ({"num_frames": 0}, "num_frames", "the nearest is 9"),
        ({"frames_per_second": 0}, "frames_per_second", "from 1 to 60"),
        ({"frames_per_second": 61}, "frames_per_second", "from 1 to 60"),
        ({"width": 100}, "width", "the nearest are 96 and 104"),
        ({"height": 4096}, "height", "the nearest is 128"),
        ({"steps": 0}, "steps", "from 1 to 50"),
        ({"guidance_scale": 11.0}, "guidance_scale", "from 0 to 10"),
        ({"motion_strength": 1.5}, "motion_strength", "from 0 to 1"),
        ({"motion_strength": float("nan")}, "motion_strength", "from 0 to 1"),
        ({"preview_every_steps": -5}, "preview_every_steps", "not -5"),
        ({"format": "avi"}, "format", "mp4, webm"),
        ({"prompt": "a" * 4001}, "prompt", "at most 4000"),
    ],
)
async def test_what_cannot_be_served_names_its_field(
    fields: dict[str, Any], field: str, words: str
) -> None:
    async with film_studio() as worker:
        refused = await soon(refused_fields(worker.call(**fields)))
        assert list(refused) == [field]
        assert words in refused[field]
        assert worker.camera.orders == []


async def test_what_the_pipeline_does_not_take_is_refused_by_name() -> None:
    card = replace(CARD, supported=("num_frames", "steps"))
    async with film_studio(lambda: card) as worker:
        refused = await soon(
            refused_fields(
                worker.call(
                    prompt="left", negative_prompt="no", guidance_scale=2.0, motion_strength=0.5
                )
            )
        )
        assert set(refused) == {"prompt", "negative_prompt", "guidance_scale", "motion_strength"}
        assert "FakePipeline" in refused["prompt"]


async def test_running_out_of_memory_once_spoils_one_call_only() -> None:
    async with film_studio() as worker:
        worker.camera.out_of_memory = 1
        error = await soon(failure(worker.call()))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason(error) == "GPU_OUT_OF_MEMORY"
        assert kinds(await soon(worker.filmed()))[-1] == "chunk"


async def test_a_call_that_is_broken_off_frees_the_worker_within_a_step() -> None:
    async with film_studio() as worker:
        worker.camera.go.clear()
        call = worker.call()
        await soon(call.read())
        await until(lambda: worker.camera.at_step)
        call.cancel()
        await until(lambda: worker.camera.stopped)
        worker.camera.go.set()
        assert kinds(await soon(worker.filmed()))[-1] == "chunk"
        assert worker.figure("worker_cancel_to_idle_seconds_count") == 1


async def test_the_next_clip_is_filmed_while_this_one_is_encoded() -> None:
    async with film_studio() as worker:
        worker.camera.encode_go.clear()
        first = asyncio.create_task(worker.filmed(seed=1))
        await until(lambda: len(worker.camera.orders) == 1 and not worker.worker.lane.busy)
        second = asyncio.create_task(worker.filmed(seed=2))
        await until(lambda: len(worker.camera.orders) == 2 and not worker.worker.lane.busy)
        assert not first.done()
        worker.camera.encode_go.set()
        assert kinds(await soon(first))[-1] == kinds(await soon(second))[-1] == "chunk"


async def test_a_call_that_is_broken_off_stops_its_encoding() -> None:
    async with film_studio() as worker:
        worker.camera.encode_go.clear()
        call = worker.call()
        async for answer in call:
            if answer.HasField("encoding"):
                break
        call.cancel()
        await until(lambda: worker.camera.encoding_stopped)


async def test_the_description_needs_no_model() -> None:
    async with film_studio() as worker:
        told = await soon(worker.stub.DescribeModel(videogen_pb2.DescribeModelRequest()))
        assert told.model.state == "unloaded"
        assert (told.defaults.num_frames, told.defaults.frames_per_second) == (9, 8)
        assert (told.limits.min_frames, told.limits.max_frames, told.limits.frame_multiple) == (
            9, 97, 8,
        )  # fmt: skip
        assert "prompt" in told.supported_fields
        assert told.cancel_within_step


async def test_a_request_is_checked_again_when_the_model_is_known() -> None:
    """A hub's model that was not fetched yet: its card is complete only after loading."""
    cards = iter([VideoCard(complete=False), CARD])
    async with film_studio(lambda: next(cards)) as worker:
        refused = await soon(refused_fields(worker.call(num_frames=100)))
        assert "the nearest is 97" in refused["num_frames"]


async def test_the_stages_are_measured() -> None:
    async with film_studio() as worker:
        await soon(worker.filmed(steps=4, preview_every_steps=4))
        for stage in ("load", "denoise", "decode", "encode"):
            assert worker.figure("worker_task_seconds_count", stage=stage) == 1
        assert worker.figure("videogen_seconds_per_step_count") == 4
        assert worker.figure("videogen_frames_total") == 9
        assert worker.figure("videogen_pixels_total") == 9 * 64 * 64
        assert worker.figure("videogen_clips_total", format="mp4") == 1
        assert worker.figure("videogen_encoding_seconds_count", format="mp4") == 1
        assert worker.figure("videogen_previews_total") == 1
