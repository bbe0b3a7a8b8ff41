"""The contract over real gRPC, with a fake painter."""

import asyncio
import io
from dataclasses import replace
from typing import Any

import grpc
import pytest
from PIL import Image

from atelier.image.v1 import image_pb2
from services.common.errors import InternalFault
from services.image.card import ImageCard
from tests.support.common_jobs import soon
from tests.support.image_fakes import CARD, studio
from tests.support.image_pictures import huge_png, picture_file
from tests.support.violations import failure, reason, refused_fields
from tests.support.waiting import until


def kinds(answers: list[image_pb2.GenerateImageResponse]) -> list[str]:
    return [str(answer.WhichOneof("event")) for answer in answers]


async def test_the_first_call_loads_the_model_and_the_stream_has_its_order() -> None:
    async with studio() as worker:
        answers = await soon(worker.drawn(steps=3, preview_every_steps=2, seed=9))
        assert kinds(answers) == [
            "loading", "progress", "progress", "preview", "progress", "image",
        ]  # fmt: skip
        assert answers[0].loading.model == "fake"
        step = answers[1].progress
        assert (step.step, step.total_steps) == (1, 3)
        assert step.estimated_remaining.ToMilliseconds() == 1000
        assert answers[3].preview.content_type == "image/jpeg"
        image = answers[-1].image
        assert (image.seed, image.width, image.height, image.steps) == (9, 64, 64, 3)
        assert (image.content_type, image.model) == ("image/png", "fake")
        assert "loading" not in kinds(await soon(worker.drawn(preview_every_steps=0)))


async def test_a_picture_of_several_is_the_one_of_its_seed() -> None:
    async with studio() as worker:
        answers = await soon(worker.drawn(num_images=3, seed=2**32 - 1))
        images = [answer.image for answer in answers if answer.HasField("image")]
        assert [(image.index, image.seed) for image in images] == [
            (0, 2**32 - 1), (1, 0), (2, 1),
        ]  # fmt: skip
        alone = (await soon(worker.drawn(seed=1)))[-1].image
        assert (
            Image.open(io.BytesIO(alone.data)).tobytes()
            == Image.open(io.BytesIO(images[2].data)).tobytes()
        )


async def test_without_a_seed_one_is_drawn_and_told() -> None:
    async with studio() as worker:
        seeds = {(await soon(worker.drawn()))[-1].image.seed for _ in range(3)}
        assert len(seeds) == 3


@pytest.mark.parametrize("name", ["png", "webp", "jpeg"])
async def test_the_format_is_the_one_asked_for(name: str) -> None:
    async with studio() as worker:
        image = (await soon(worker.drawn(format=name)))[-1].image
        assert image.content_type == f"image/{name}"
        assert Image.open(io.BytesIO(image.data)).format == name.upper()
        assert worker.figure("image_pictures_total", format=name) == 1


async def test_unknown_words_are_warned_of() -> None:
    async with studio() as worker:
        image = (await soon(worker.drawn(prompt="a red zeppelin")))[-1].image
        assert list(image.warnings) == ["the model does not know the word 'zeppelin'"]


async def test_a_picture_to_start_from_reaches_the_painter_at_the_right_size() -> None:
    async with studio() as worker:
        await soon(worker.drawn(image=picture_file(size=(300, 100)), strength=0.5, width=96))
        order = worker.painter.orders[0]
        assert order.picture is not None
        assert order.picture.size == (96, 64)
        assert order.strength == 0.5
        assert order.steps_to_do == 2


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"prompt": ""}, "prompt", "is empty"),
        ({"prompt": " \n"}, "prompt", "is empty"),
        ({"prompt": "a" * 5000}, "prompt", "5000 characters; at most 4000"),
        ({"steps": 0}, "steps", "from 1 to 50, not 0"),
        ({"steps": 1000}, "steps", "the nearest is 50"),
        ({"width": 100}, "width", "the nearest are 96 and 104"),
        ({"height": 20_000}, "height", "the nearest is 128"),
        ({"width": -1}, "width", "the nearest is 32"),
        ({"guidance_scale": -1.0}, "guidance_scale", "from 0 to 10, not -1"),
        ({"guidance_scale": float("nan")}, "guidance_scale", "not nan"),
        ({"guidance_scale": float("inf")}, "guidance_scale", "not inf"),
        ({"num_images": 0}, "num_images", "from 1 to 8"),
        ({"num_images": 9}, "num_images", "the nearest is 8"),
        ({"preview_every_steps": -1}, "preview_every_steps", "not -1"),
        ({"scheduler": "Best"}, "scheduler", "DDIMScheduler, PNDMScheduler"),
        ({"format": "gif"}, "format", "png, webp, jpeg"),
        ({"strength": 0.5}, "strength", "only together with image"),
        ({"strength": 1.5, "image": picture_file()}, "strength", "from 0 to 1"),
        ({"strength": 0.0, "image": picture_file()}, "strength", "less than one step"),
        ({"strength": 0.1, "image": picture_file()}, "strength", "use at least 0.25"),
        ({"image": b"a text named picture.png"}, "image", "not text"),
        ({"image": picture_file("JPEG", size=(200, 200))[:-200]}, "image", "damaged JPEG"),
        ({"image": huge_png(20_000, 20_000)}, "image", "make it smaller"),
    ],
)
async def test_what_cannot_be_served_names_its_field(
    fields: dict[str, Any], field: str, words: str
) -> None:
    async with studio() as worker:
        refused = await soon(refused_fields(worker.call(**fields)))
        assert list(refused) == [field]
        assert words in refused[field]
        assert worker.painter.orders == []


async def test_a_picture_for_a_model_without_image_to_image_is_refused() -> None:
    card = replace(CARD, image_to_image=False, negative_prompt=False, guidance=False)
    async with studio(lambda: card) as worker:
        refused = await soon(
            refused_fields(
                worker.call(image=picture_file(), negative_prompt="blue", guidance_scale=2.0)
            )
        )
        assert set(refused) == {"image", "negative_prompt", "guidance_scale"}


async def test_running_out_of_memory_once_spoils_one_call_only() -> None:
    async with studio() as worker:
        worker.painter.out_of_memory = 1
        error = await soon(failure(worker.call()))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason(error) == "GPU_OUT_OF_MEMORY"
        assert kinds(await soon(worker.drawn()))[-1] == "image"


async def test_a_fault_of_the_model_is_the_models() -> None:
    async with studio() as worker:
        worker.painter.fault = InternalFault("NOT_A_NUMBER", "the result is not a number")
        error = await soon(failure(worker.call()))
        assert (error.code(), reason(error)) == (grpc.StatusCode.INTERNAL, "NOT_A_NUMBER")


async def test_a_call_that_is_broken_off_frees_the_worker_within_a_step() -> None:
    async with studio() as worker:
        worker.painter.go.clear()
        call = worker.call()
        reading = asyncio.create_task(call.read())
        await until(lambda: worker.painter.at_step)
        await reading
        call.cancel()
        await until(lambda: worker.painter.stopped)
        worker.painter.go.set()
        assert kinds(await soon(worker.drawn()))[-1] == "image"
        assert worker.figure("worker_cancel_to_idle_seconds_count") == 1


async def test_a_waiting_call_is_told_its_place_and_one_too_many_is_refused() -> None:
    async with studio(queue_size=1) as worker:
        worker.painter.go.clear()
        first = asyncio.create_task(worker.drawn())
        await until(lambda: worker.painter.at_step)
        second = aiter(worker.call())
        assert (await soon(anext(second))).queued.position == 0
        error = await soon(failure(worker.call()))
        assert reason(error) == "QUEUE_FULL"
        worker.painter.go.set()
        assert kinds(await soon(first))[-1] == "image"
        assert kinds([answer async for answer in second])[-1] == "image"


async def test_the_description_needs_no_model() -> None:
    async with studio() as worker:
        told = await soon(worker.stub.DescribeModel(image_pb2.DescribeModelRequest()))
        assert told.model.state == "unloaded"
        assert (told.defaults.width, told.defaults.steps) == (64, 4)
        assert (told.limits.min_side, told.limits.max_side, told.limits.side_multiple) == (
            32, 128, 8,
        )  # fmt: skip
        assert list(told.schedulers) == ["DDIMScheduler", "PNDMScheduler"]
        assert told.image_to_image
        assert told.max_queued_calls == 16
        await soon(worker.drawn())
        told = await soon(worker.stub.DescribeModel(image_pb2.DescribeModelRequest()))
        assert (told.model.state, told.model.dtype) == ("loaded", "float32")


async def test_a_request_is_checked_again_when_the_model_is_known() -> None:
    """A hub's model that was not fetched yet: its card is complete only after loading."""
    cards = iter([ImageCard(complete=False), CARD, ImageCard(complete=False), CARD])
    async with studio(lambda: next(cards)) as worker:
        assert (await soon(worker.drawn()))[-1].image.width == CARD.width
        refused = await soon(refused_fields(worker.call(width=1024)))
        assert "the nearest is 128" in refused["width"]


async def test_the_stages_are_measured() -> None:
    async with studio() as worker:
        await soon(worker.drawn(steps=4, num_images=2, preview_every_steps=4))
        for stage, count in (("load", 1), ("denoise", 2), ("decode", 2), ("encode", 2)):
            assert worker.figure("worker_task_seconds_count", stage=stage) == count
        assert worker.figure("image_seconds_per_step_count") == 8
        assert worker.figure("image_pixels_total") == 2 * 64 * 64
        assert worker.figure("image_previews_total") == 2
