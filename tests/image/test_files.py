import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from services.image.files import parameters_text, picture_file
from services.image.order import Order

ORDER = Order(
    prompt="a red apple, größer", negative_prompt="blue", width=64, height=48, steps=8,
    guidance_scale=1.5, num_images=2, seed=7, scheduler="DDIMScheduler", format="png",
    preview_every_steps=0, picture=None, strength=0.5, warnings=(),
)  # fmt: skip
PICTURE = Image.new("RGB", (64, 48), "red")


def opened(order: Order) -> Image.Image:
    return Image.open(io.BytesIO(picture_file(PICTURE, order, index=1, model="tiny")))


def test_the_settings_are_told_as_peoples_tools_read_them() -> None:
    assert parameters_text(ORDER, index=1, model="tiny").splitlines() == [
        "a red apple, größer",
        "Negative prompt: blue",
        "Steps: 8, Sampler: DDIMScheduler, CFG scale: 1.5, Seed: 8, Size: 64x48, Model: tiny,"
        " Version: Atelier",
    ]


def test_what_was_not_used_is_not_told() -> None:
    text = parameters_text(replace(ORDER, negative_prompt="", scheduler=""), index=0, model="m")
    assert "Negative" not in text
    assert "Sampler" not in text
    assert "strength" not in text
    assert "Denoising strength: 0.5" in parameters_text(
        replace(ORDER, picture=PICTURE), index=0, model="m"
    )


def test_a_png_carries_them_as_text_and_as_json() -> None:
    picture = opened(ORDER)
    assert picture.info["parameters"] == parameters_text(ORDER, index=1, model="tiny")
    facts = json.loads(picture.info["atelier"])
    assert (facts["prompt"], facts["seed"], facts["steps"]) == ("a red apple, größer", 8, 8)


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_the_others_carry_them_as_exif(name: str) -> None:
    exif = opened(replace(ORDER, format=name)).getexif()
    comment = exif.get_ifd(0x8769)[0x9286]
    assert comment.startswith(b"UNICODE\0")
    text = comment[8:].decode("utf-16-be")
    assert text == parameters_text(replace(ORDER, format=name), index=1, model="tiny")
    assert json.loads(exif[0x010E])["seed"] == 8
