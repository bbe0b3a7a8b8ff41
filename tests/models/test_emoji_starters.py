"""The committed emoji models, through the stock pipelines alone: one picture, one clip."""

import json
from pathlib import Path

import pytest
import torch

import models

pytestmark = [
    pytest.mark.starter,
    # diffusers' own dealings with numpy
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
FOLDER = Path(models.__file__).parent


@pytest.mark.parametrize("name", ["emoji_draw_64", "emoji_motion"])
def test_the_figures_meet_the_gates(name: str) -> None:
    figures = json.loads((FOLDER / name / "pipeline" / "figures.json").read_text())
    if name == "emoji_draw_64":
        assert figures["nearest_is_right"] >= 0.8
        assert figures["hue_moved_right"] >= 0.8
    else:
        assert figures["motion_agrees"] >= 0.9
        assert figures["first_frame_decibels"] >= 30


def test_a_red_apple_is_red_on_white_and_the_same_for_the_same_seed() -> None:
    from diffusers import AutoPipelineForText2Image

    from models.emoji_draw_64.judge import draw, hue_of

    pipeline = AutoPipelineForText2Image.from_pretrained(FOLDER / "emoji_draw_64" / "pipeline")
    pipeline.set_progress_bar_config(disable=True)
    one, again = (draw(pipeline, ["a red apple"], [3])[0] for _ in range(2))
    assert torch.equal(one, again)
    assert min(hue_of(one), 360 - hue_of(one)) < 30
    assert one[:, :3, :3].mean() > 0.9
