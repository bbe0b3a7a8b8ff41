"""Motions, the clips drawn of them, and the measurement: it has to see what was drawn."""

import random

import pytest
import torch

from models.emoji_motion.data import Scene, render
from models.emoji_motion.measure import can_show_turns, seen_motion, track
from models.emoji_motion.motions import FRAMES, WORDINGS, Motion, path_of, wording


def flag() -> torch.Tensor:
    """A drawing that looks different from all sides."""
    rgba = torch.zeros(4, 64, 64)
    rgba[3, 6:58, 12:52] = 1
    rgba[0, 6:58, 12:52] = 0.9
    rgba[2, 6:24, 12:34] = 0.8
    rgba[1, 40:58, 30:52] = 0.7
    return rgba


def ball() -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    inside = ((rows - 31.5) ** 2 + (columns - 31.5) ** 2 < 28**2).float()
    return torch.stack([inside * 0.9, inside * 0.1, inside * 0.1, inside])


def clip_of(motion: Motion, drawing: torch.Tensor, ground: torch.Tensor) -> torch.Tensor:
    scene = Scene(drawing, ground, size=0.45, right=0.0, down=0.0)
    return (render([scene], [path_of(motion)])[0] + 1) / 2


@pytest.mark.parametrize("motion", list(Motion))
@pytest.mark.parametrize("ground", [(1.0, 1.0, 1.0), (0.6, 0.9, 0.7)], ids=["white", "tinted"])
def test_the_measurement_sees_the_motion_that_was_drawn(
    motion: Motion, ground: tuple[float, float, float]
) -> None:
    assert seen_motion(track(clip_of(motion, flag(), torch.tensor(ground)))) is motion


def test_the_measurement_calls_noise_no_motion() -> None:
    noise = torch.rand(FRAMES, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert seen_motion(track(noise)) in {None, Motion.STILL}


def test_a_ball_cannot_show_turns_and_a_flag_can() -> None:
    white = torch.ones(3)
    assert not can_show_turns(clip_of(Motion.STILL, ball(), white)[0])
    assert can_show_turns(clip_of(Motion.STILL, flag(), white)[0])


@pytest.mark.parametrize("motion", list(Motion))
def test_every_path_begins_where_the_picture_is(motion: Motion) -> None:
    path = path_of(motion)
    first = (path.right[0], path.down[0], path.size[0], path.turn[0])
    assert first == (0, 0, 1, 0)
    assert all(len(part) == FRAMES for part in (path.right, path.down, path.size, path.turn))


def test_left_and_right_are_mirror_images() -> None:
    assert torch.equal(path_of(Motion.LEFT).right, -path_of(Motion.RIGHT).right)


def test_no_wording_stands_for_two_motions() -> None:
    said = [text for texts in WORDINGS.values() for text in set(texts)]
    assert len(said) == len(set(said))


def test_wordings_name_the_thing_in_good_grammar() -> None:
    chance = random.Random(0)
    texts = [wording(Motion.UP, "rocket", chance) for _ in range(2000)]
    assert any("the rocket flies" in text for text in texts)
    assert not any("{" in text or "flys" in text for text in texts)
