"""Judges the text-to-image model: `python -m models.emoji_draw_64.judge <folder>`.

It asks with wordings and seeds that training did not use, compares what comes with the drawings,
and writes the figures and the contact sheet that the model's card shows.
"""

import argparse
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoPipelineForText2Image, StableDiffusion3Pipeline
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the library's own custom

from models.emoji_data.packages import cache_folder
from models.emoji_data.pictures import SIZE, load_pictures
from models.emoji_draw_64.colours import COLOURS, hue_distance, mean_hue, to_hsv
from models.emoji_draw_64.data import Subject, on_white, subjects
from models.emoji_draw_64.model import Defaults

_JUDGED = 100
_FIRST_SEED = 70_000
_WORDINGS = ("could you draw {a} {x} for me", "here is {a} {x}", "{a} {x} , please", "my {x}")
_REACH = 4  # pixels that a picture may lie beside its reference
_BATCH = 20


@dataclass(frozen=True)
class Figures:
    """What was measured; parts are in 0..1."""

    things: int
    nearest_is_right: float
    colour_asked: int
    hue_moved_right: float
    hue_within_40_degrees: float
    caption_gap_decibels: float
    seconds_a_picture: float
    transformer_millions: float


def ask(name: str, colour: str | None, chance: random.Random) -> str:
    """A request in words that training did not put so."""
    thing = name if colour is None else f"{colour} {name}"
    return chance.choice(_WORDINGS).format(x=thing, a="an" if thing[0] in "aeiou" else "a")


def draw(
    pipeline: StableDiffusion3Pipeline, prompts: Sequence[str], seeds: Iterable[int]
) -> Tensor:
    """Pictures of shape (n, 3, 64, 64) in -1..1, by the model's defaults."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn = [
        pipeline(
            list(prompts[start : start + _BATCH]),
            num_inference_steps=Defaults.steps,
            guidance_scale=Defaults.guidance_scale,
            generator=generators[start : start + _BATCH],
            output_type="pt",
        ).images
        for start in range(0, len(prompts), _BATCH)
    ]
    return torch.cat(drawn).float() * 2 - 1


def nearest(pictures: Tensor, references: Tensor) -> Tensor:
    """For each picture the number of the reference that is nearest in its pixels, at the best of
    some small shifts; shape (n,).
    """
    best = torch.full((len(pictures), len(references)), float("inf"))
    small = F.avg_pool2d(pictures, 2).flatten(1)
    for down in range(-_REACH, _REACH + 1, 2):
        for right in range(-_REACH, _REACH + 1, 2):
            moved = F.avg_pool2d(references.roll((down, right), dims=(2, 3)), 2).flatten(1)
            best = torch.minimum(best, torch.cdist(small, moved))
    return best.argmin(dim=1)


def hue_of(picture: Tensor) -> float:
    """The mean hue in degrees of a picture (3, 64, 64) in -1..1, by how saturated its parts are."""
    values = ((picture.clamp(-1, 1) + 1) / 2).permute(1, 2, 0).numpy().astype(np.float32)
    hue, saturation, value = to_hsv(values)
    return mean_hue(hue, np.where(saturation > 0.25, saturation * value, 0).astype(np.float32))


def judge_things(
    pipeline: StableDiffusion3Pipeline, known: Sequence[Subject], chance: random.Random
) -> tuple[float, Tensor, list[str]]:
    """The part whose nearest drawing is the right one, with the pictures and their names."""
    chosen = chance.sample(range(len(known)), min(_JUDGED, len(known)))
    prompts = [ask(known[i].concept.name, None, chance) for i in chosen]
    pictures = draw(pipeline, prompts, range(_FIRST_SEED, _FIRST_SEED + len(chosen)))
    found = nearest(pictures, on_white(torch.stack([subject.drawing for subject in known])))
    right = (found == torch.tensor(chosen)).float().mean()
    return float(right), pictures, [known[i].concept.name for i in chosen]


def judge_colours(
    pipeline: StableDiffusion3Pipeline, known: Sequence[Subject], chance: random.Random
) -> tuple[int, float, float]:
    """How many were asked; the part whose hue came nearer to the word's than without the word
    (same seed), and the part within 40 degrees of it.
    """
    asked = [
        (subject, colour)
        for subject in known
        if subject.coloured
        for colour in chance.sample(COLOURS, 2)
        if colour.word != subject.natural_colour
    ][:_JUDGED]
    seeds = range(2 * _FIRST_SEED, 2 * _FIRST_SEED + len(asked))
    plain = draw(pipeline, [f"a {s.concept.name}" for s, _ in asked], seeds)
    coloured = draw(pipeline, [f"a {c.word} {s.concept.name}" for s, c in asked], seeds)
    before = [hue_distance(hue_of(p), c.hue) for p, (_, c) in zip(plain, asked, strict=True)]
    after = [hue_distance(hue_of(p), c.hue) for p, (_, c) in zip(coloured, asked, strict=True)]
    moved = [new < old or new < 15 for new, old in zip(after, before, strict=True)]
    return len(asked), float(np.mean(moved)), float(np.mean([new < 40 for new in after]))


def contact_sheet(pictures: Tensor, columns: int = 10) -> Image.Image:
    """Pictures (n, 3, 64, 64) in -1..1 side by side."""
    rows = -(-len(pictures) // columns)
    sheet = torch.ones(3, rows * SIZE, columns * SIZE)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        sheet[:, row * SIZE :, column * SIZE :][:, :SIZE, :SIZE] = picture
    bytes_ = ((sheet.clamp(-1, 1) + 1) * 127.5).round().byte()
    return Image.fromarray(bytes_.permute(1, 2, 0).numpy())


def seconds_a_picture(pipeline: StableDiffusion3Pipeline) -> float:
    """The middle of five single pictures."""
    taken = []
    for seed in range(6):
        begun = time.monotonic()
        draw(pipeline, ["a red apple"], [seed])
        taken.append(time.monotonic() - begun)
    return sorted(taken[1:])[2]


def caption_gap(known: Sequence[Subject], pipeline: StableDiffusion3Pipeline) -> float:
    """How much nearer, in decibels, pictures are to their own drawing than to another's."""
    names = [subject.concept.name for subject in known]
    drawn = draw(pipeline, [f"a {name}" for name in names], range(len(names)))
    own = on_white(torch.stack([subject.drawing for subject in known]))
    right = (drawn - own).square().mean()
    wrong = (drawn - own.roll(1, dims=0)).square().mean()
    return float(10 * torch.log10(wrong / right))


def main() -> None:
    """Judges a folder and writes figures.json and contact-sheet.webp into it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the model")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    pipeline = AutoPipelineForText2Image.from_pretrained(chosen.folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    known = subjects(load_pictures(cache_folder()))
    chance = random.Random(11)  # noqa: S311 - drawing, not secrecy
    right, pictures, names = judge_things(pipeline, known, chance)
    asked, moved, close = judge_colours(pipeline, known, chance)
    figures = Figures(
        things=len(known),
        nearest_is_right=right,
        colour_asked=asked,
        hue_moved_right=moved,
        hue_within_40_degrees=close,
        caption_gap_decibels=caption_gap(known[:40], pipeline),
        seconds_a_picture=seconds_a_picture(pipeline),
        transformer_millions=pipeline.transformer.num_parameters() / 1e6,
    )
    (chosen.folder / "figures.json").write_text(json.dumps(asdict(figures), indent=2) + "\n")
    contact_sheet(pictures).save(chosen.folder / "contact-sheet.webp", quality=80)
    print(json.dumps(asdict(figures), indent=2))
    print("contact sheet, row by row:", ", ".join(names))


if __name__ == "__main__":
    main()
