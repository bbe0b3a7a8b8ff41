"""Draws the clips that the model learns from; knows the motions' paths but no model."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the library's own custom

from models.emoji_data.pictures import SIZE, Picture
from models.emoji_motion.motions import FRAMES, LEARNT, Path, path_of, wording

_HELD_OUT_EVERY = 16
_UNKNOWN_THING_RATE = 0.3


def split(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Pictures for training, and those that training never sees (one in sixteen)."""
    seen = [p for i, p in enumerate(pictures) if i % _HELD_OUT_EVERY]
    unseen = [p for i, p in enumerate(pictures) if i % _HELD_OUT_EVERY == 0]
    return seen, unseen


@dataclass(frozen=True)
class Scene:
    """A drawing at rest: where it lies on its ground before anything moves.

    `rgba` is 4 x 64 x 64 with premultiplied alpha in 0..1, `ground` 3 numbers in 0..1, `size` a
    factor, `right` and `down` pixels from the middle.
    """

    rgba: Tensor
    ground: Tensor
    size: float
    right: float
    down: float


def premultiplied(rgba: NDArray[np.uint8]) -> Tensor:
    """Bytes with straight alpha (64 x 64 x 4) as a tensor 4 x 64 x 64 in 0..1."""
    values = torch.from_numpy(rgba.astype(np.float32) / 255).permute(2, 0, 1)
    return torch.cat([values[:3] * values[3:], values[3:]])


def random_scene(rgba: Tensor, chance: random.Random) -> Scene:
    """A drawing somewhere near the middle, on white more often than not."""
    if chance.random() < 0.5:
        rgba = rgba.flip(-1)
    size = chance.uniform(0.5, 1.0)
    room = (1 - size) * SIZE / 2
    centred = chance.random() < 0.5
    return Scene(
        rgba=rgba,
        ground=random_ground(chance),
        size=size,
        right=0.0 if centred else chance.uniform(-room, room),
        down=0.0 if centred else chance.uniform(-room, room),
    )


def random_ground(chance: random.Random) -> Tensor:
    """White in half of the cases, else any tint, light ones more often; 3 numbers in 0..1."""
    if chance.random() < 0.5:
        return torch.ones(3)
    tint = torch.tensor([chance.random() for _ in range(3)])
    ground: Tensor = 1 - (1 - tint) * chance.random() ** 0.7
    return ground


def render(scenes: Sequence[Scene], paths: Sequence[Path]) -> Tensor:
    """Clips of shape (clips, 8, 3, 64, 64) in -1..1, moved about each drawing's own middle."""
    grids = torch.stack([_sampling(s, p) for s, p in zip(scenes, paths, strict=True)])
    sources = torch.stack([scene.rgba for scene in scenes])
    sources = sources.repeat_interleave(FRAMES, dim=0)
    grid = F.affine_grid(grids.flatten(0, 1), [len(sources), 4, SIZE, SIZE], align_corners=False)
    drawn = F.grid_sample(sources, grid, align_corners=False)
    drawn = drawn.reshape(-1, FRAMES, *drawn.shape[1:])
    ground = torch.stack([scene.ground for scene in scenes])[:, None, :, None, None]
    clips: Tensor = (drawn[:, :, :3] + ground * (1 - drawn[:, :, 3:])) * 2 - 1
    return clips


def _sampling(scene: Scene, path: Path) -> Tensor:
    """For each frame the 2 x 3 matrix from a place in the frame to a place in the drawing."""
    angle = torch.deg2rad(path.turn)
    cos, sin = torch.cos(angle), torch.sin(angle)
    size = scene.size * path.size
    right = (scene.right + path.right) * 2 / SIZE
    down = (scene.down + path.down) * 2 / SIZE
    turn_x = torch.stack([cos, sin, -(cos * right + sin * down)], dim=-1)
    turn_y = torch.stack([-sin, cos, -(-sin * right + cos * down)], dim=-1)
    return torch.stack([turn_x, turn_y], dim=1) / size[:, None, None]


@dataclass(frozen=True)
class Batch:
    """Clips of shape (n, 8, 3, 64, 64) in -1..1 and a sentence for each."""

    clips: Tensor
    sentences: list[str]


def batches(pictures: Sequence[Picture], size: int, seed: int) -> Iterator[Batch]:
    """Endless random batches; the same seed gives the same ones."""
    chance = random.Random(seed)  # noqa: S311 - drawing, not secrecy
    drawings = [premultiplied(picture.rgba) for picture in pictures]
    names = [picture.label for picture in pictures]
    while True:
        chosen = [chance.randrange(len(drawings)) for _ in range(size)]
        moves = [chance.choice(LEARNT) for _ in range(size)]
        scenes = [random_scene(drawings[i], chance) for i in chosen]
        things = [names[i] if chance.random() > _UNKNOWN_THING_RATE else "qqq" for i in chosen]
        yield Batch(
            clips=render(scenes, [path_of(move) for move in moves]),
            sentences=[wording(m, t, chance) for m, t in zip(moves, things, strict=True)],
        )
