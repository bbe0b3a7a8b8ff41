"""Pairs of captions and pictures that the model learns from; knows no model."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the library's own custom

from models.emoji_data.pictures import SIZE, Picture
from models.emoji_draw_64.colours import COLOURS, main_hue, recolour, word_for
from models.emoji_draw_64.concepts import Concept, known_concepts

_COLOURED_RATE = 0.4
_NATURAL_COLOUR_RATE = 0.15
_NO_CAPTION_RATE = 0.07
_ROOM = 1.5  # pixels
_SMALLEST, _LARGEST = 0.94, 1.0

# Things of several colours, or whose main hue is a shade of grey or brown: no colour words.
_MOTLEY = {
    "watermelon", "lollipop", "dog", "cow", "monkey", "owl", "horse", "hedgehog", "parrot",
    "palm tree", "rainbow", "earth", "bear", "christmas tree", "truck", "airplane", "glasses",
    "magnifying glass", "kite", "television", "poop", "teddy bear", "money bag", "popcorn",
    "volcano", "clown", "medal", "sailboat", "burger", "pizza", "hot dog", "egg", "turtle", "train",
}  # fmt: skip

_FRAMES = (
    "{x}", "{x}", "{a} {x}", "{a} {x}", "{a} {x}", "the {x}", "a picture of {a} {x}",
    "a drawing of {a} {x}", "draw {a} {x}", "an emoji of {a} {x}", "{a} {x} on a white background",
    "please draw {a} {x}", "an image of {a} {x}", "an icon of {a} {x}", "{x} emoji", "{x} icon",
    "a small {x}", "a nice {x}", "a cute {x}", "one {x}", "paint {a} {x}", "a simple {x}", "{x} .",
    "show me {a} {x}", "a sticker of {a} {x}", "an illustration of {a} {x}",
    "{a} {x} , white background",
    "make a picture of {a} {x}", "i want {a} {x}", "{a} {x} please", "a photo of {a} {x}",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A concept with its drawing: as it is, and in each colour word that suits it.

    Drawings are 4 x 64 x 64 with premultiplied alpha in 0..1.
    """

    concept: Concept
    drawing: Tensor
    natural_colour: str | None
    coloured: dict[str, Tensor]


def subjects(pictures: Sequence[Picture]) -> list[Subject]:
    """Every known concept with its drawings; raises KeyError if a drawing is missing."""
    by_label = {picture.label: picture for picture in pictures}
    return [_subject(concept, by_label[concept.label]) for concept in known_concepts()]


def _subject(concept: Concept, picture: Picture) -> Subject:
    main = None if concept.name in _MOTLEY else main_hue(picture.rgba)
    coloured = {}
    if main is not None:
        coloured = {c.word: _premultiplied(recolour(picture.rgba, main, c)) for c in COLOURS}
    natural = word_for(main) if main is not None else None
    drawing = _premultiplied(picture.rgba)
    if natural is not None:
        coloured[natural] = drawing
    return Subject(concept, drawing, natural, coloured)


def _premultiplied(rgba: NDArray[np.uint8]) -> Tensor:
    values = torch.from_numpy(rgba.astype(np.float32) / 255).permute(2, 0, 1)
    return torch.cat([values[:3] * values[3:], values[3:]])


def caption(name: str, colour: str | None, chance: random.Random) -> str:
    """One way to ask for a thing, for instance "a picture of a blue car"."""
    thing = name if colour is None else f"{colour} {name}"
    if colour is not None and chance.random() < 0.15:
        thing = f"{name} in {colour}"
    article = "an" if thing[:1] in set("aeiou") else "a"
    return chance.choice(_FRAMES).format(x=thing, a=article)


def on_white(drawing: Tensor) -> Tensor:
    """A drawing (… 4 x h x w) on white, in -1..1."""
    return (drawing[..., :3, :, :] + 1 - drawing[..., 3:, :, :]) * 2 - 1


def placed(drawings: Tensor, chance: random.Random) -> Tensor:
    """Drawings (n, 4, 64, 64) shifted and sized a little at random, on white."""
    matrices = torch.zeros(len(drawings), 2, 3)
    for matrix in matrices:
        size = chance.uniform(_SMALLEST, _LARGEST)
        matrix[0, 0] = matrix[1, 1] = 1 / size
        matrix[0, 2] = chance.uniform(-_ROOM, _ROOM) * 2 / SIZE
        matrix[1, 2] = chance.uniform(-_ROOM, _ROOM) * 2 / SIZE
    grid = F.affine_grid(matrices, list(drawings.shape), align_corners=False)
    return on_white(F.grid_sample(drawings, grid, align_corners=False))


@dataclass(frozen=True)
class Batch:
    """Pictures (n, 3, 64, 64) in -1..1 and a caption for each; some captions are empty."""

    pictures: Tensor
    captions: list[str]


def batches(chosen: Sequence[Subject], size: int, seed: int) -> Iterator[Batch]:
    """Endless random batches; the same seed gives the same ones."""
    chance = random.Random(seed)  # noqa: S311 - drawing, not secrecy
    while True:
        pairs = [_pair(chance.choice(chosen), chance) for _ in range(size)]
        drawings = torch.stack([drawing for drawing, _ in pairs])
        yield Batch(placed(drawings, chance), [text for _, text in pairs])


def _pair(subject: Subject, chance: random.Random) -> tuple[Tensor, str]:
    name = subject.concept.name
    if subject.concept.other_names and chance.random() < 0.1:
        name = chance.choice(subject.concept.other_names)
    drawing, colour = subject.drawing, None
    if subject.coloured and chance.random() < _COLOURED_RATE:
        colour = chance.choice(sorted(subject.coloured))
        drawing = subject.coloured[colour]
    elif subject.natural_colour and chance.random() < _NATURAL_COLOUR_RATE:
        colour = subject.natural_colour
    if chance.random() < _NO_CAPTION_RATE:
        return drawing, ""
    return drawing, caption(name, colour, chance)
