"""Judges the image-to-video model: `python -m models.emoji_motion.judge <folder>`.

It gives pictures, places and wordings' seeds that training did not use, half of the pictures
never seen in training, and writes the figures and the contact sheet that the card shows.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import CogVideoXImageToVideoPipeline
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the library's own custom

from models.emoji_data.packages import cache_folder
from models.emoji_data.pictures import Picture, load_pictures
from models.emoji_motion.data import Scene, premultiplied, random_ground, render, split
from models.emoji_motion.measure import can_show_turns, seen_motion, track
from models.emoji_motion.model import Defaults
from models.emoji_motion.motions import LEARNT, Motion, path_of, wording
from models.emoji_motion.motions import Path as MotionPath

_JUDGED = 100
_FIRST_SEED = 90_000
_SHEET_ROWS = len(LEARNT)
_SMALLEST, _LARGEST = 0.4, 0.5  # of the frame, so that a motion can be measured before the rim


@dataclass(frozen=True)
class Figures:
    """What was measured; parts are in 0..1."""

    clips: int
    motion_agrees: float
    motion_agrees_on_unseen_pictures: float
    disagreed: dict[str, int]
    first_frame_decibels: float
    first_frame_decibels_least: float
    large_picture_first_frame_decibels: float
    all_frames_decibels: float
    last_visible_frame_likeness: float
    seconds_a_clip: float
    transformer_millions: float


@dataclass(frozen=True)
class Case:
    """A picture at rest, the motion asked for, the sentence, and the clip that would be right
    (8, 3, 64, 64) in 0..1.
    """

    motion: Motion
    sentence: str
    right: Tensor
    unseen: bool


def cases(pictures: Sequence[Picture], count: int, seed: int, unseen: bool) -> list[Case]:
    """As many cases as asked for, all motions equally often, half of them on tinted ground."""
    chance = random.Random(seed)  # noqa: S311 - drawing, not secrecy
    motions, made = LEARNT, list[Case]()
    while len(made) < count:
        motion = motions[len(made) % len(motions)]
        picture = chance.choice(pictures)
        size = chance.uniform(_SMALLEST, _LARGEST)
        scene = Scene(premultiplied(picture.rgba), random_ground(chance), size, 0.0, 0.0)
        right = _clip(scene, path_of(motion))
        turns = motion in {Motion.SPIN_LEFT, Motion.SPIN_RIGHT}
        if seen_motion(track(right)) is motion and (not turns or can_show_turns(right[0])):
            made.append(Case(motion, wording(motion, picture.label, chance), right, unseen))
    return made


def _clip(scene: Scene, path: MotionPath) -> Tensor:
    return (render([scene], [path])[0] + 1) / 2


def animate(
    pipeline: CogVideoXImageToVideoPipeline, frame: Tensor, sentence: str, seed: int
) -> Tensor:
    """The clip (8, 3, 64, 64) in 0..1 that the model makes of a frame (3, 64, 64) in 0..1."""
    picture = Image.fromarray((frame.permute(1, 2, 0) * 255).round().byte().numpy())
    clip: Tensor = pipeline(
        image=picture,
        prompt=sentence,
        num_frames=Defaults.num_frames,
        width=Defaults.width,
        height=Defaults.height,
        num_inference_steps=Defaults.steps,
        guidance_scale=Defaults.guidance_scale,
        generator=torch.Generator().manual_seed(seed),
        output_type="pt",
    ).frames[0]
    return clip.float().cpu()


def decibels(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of values in 0..1."""
    return float(-10 * torch.log10((one - other).square().mean().clamp(min=1e-10)))


def likeness(made: Tensor, right: Tensor) -> float:
    """Cosine of two frames (3, h, w), both less the right one's ground; 1 is the same."""
    ground = right[:, 0, 0][:, None, None]
    return float(F.cosine_similarity((made - ground).flatten(), (right - ground).flatten(), dim=0))


def last_visible(right: Tensor) -> int:
    """The number of the last frame in which the thing is all within the frame."""
    return len(track(right).right) - 1


def judge(
    pipeline: CogVideoXImageToVideoPipeline, pictures: Sequence[Picture]
) -> tuple[Figures, Image.Image]:
    """All figures, and a sheet with one clip of each motion."""
    seen, unseen = split(pictures)
    asked = cases(seen, _JUDGED // 2, 5, unseen=False) + cases(unseen, _JUDGED // 2, 6, unseen=True)
    made = [animate(pipeline, c.right[0], c.sentence, _FIRST_SEED + i) for i, c in enumerate(asked)]
    agreed = [seen_motion(track(m)) is c.motion for m, c in zip(made, asked, strict=True)]
    first = [decibels(m[0], c.right[0]) for m, c in zip(made, asked, strict=True)]
    every = [decibels(m, c.right) for m, c in zip(made, asked, strict=True)]
    alike = [
        likeness(m[(at := last_visible(c.right))], c.right[at])
        for m, c in zip(made, asked, strict=True)
    ]
    wrong = Counter(c.motion.value for c, good in zip(asked, agreed, strict=True) if not good)
    on_unseen = [good for c, good in zip(asked, agreed, strict=True) if c.unseen]
    figures = Figures(
        clips=len(asked),
        motion_agrees=_mean(agreed),
        motion_agrees_on_unseen_pictures=_mean(on_unseen),
        disagreed=dict(wrong),
        first_frame_decibels=_mean(first),
        first_frame_decibels_least=min(first),
        large_picture_first_frame_decibels=_mean(_large_first_frames(pipeline, unseen[:24])),
        all_frames_decibels=_mean(every),
        last_visible_frame_likeness=_mean(alike),
        seconds_a_clip=_seconds(pipeline, asked[0]),
        transformer_millions=pipeline.transformer.num_parameters() / 1e6,
    )
    return figures, contact_sheet(made[_JUDGED // 2 :][:_SHEET_ROWS])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _large_first_frames(
    pipeline: CogVideoXImageToVideoPipeline, pictures: Sequence[Picture]
) -> list[float]:
    """Decibels of the first frame for pictures that fill the frame, on white."""
    results = []
    for number, picture in enumerate(pictures):
        scene = Scene(premultiplied(picture.rgba), torch.ones(3), 1.0, 0.0, 0.0)
        frame = _clip(scene, path_of(Motion.STILL))[0]
        motion = LEARNT[number % len(LEARNT)]
        sentence = f"the {picture.label} {motion.value}"
        results.append(decibels(animate(pipeline, frame, sentence, number)[0], frame))
    return results


def _seconds(pipeline: CogVideoXImageToVideoPipeline, case: Case) -> float:
    taken = []
    for seed in range(5):
        begun = time.monotonic()
        animate(pipeline, case.right[0], case.sentence, seed)
        taken.append(time.monotonic() - begun)
    return sorted(taken)[2]


def contact_sheet(clips: Sequence[Tensor]) -> Image.Image:
    """Clips below each other, their frames side by side."""
    rows = [clip.permute(1, 2, 0, 3).flatten(2) for clip in clips]
    sheet = torch.cat(rows, dim=1).clamp(0, 1)
    return Image.fromarray((sheet * 255).round().byte().permute(1, 2, 0).numpy())


def main() -> None:
    """Judges a folder and writes figures.json and contact-sheet.webp into it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the model")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    pipeline = CogVideoXImageToVideoPipeline.from_pretrained(chosen.folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    figures, sheet = judge(pipeline, load_pictures(cache_folder()))
    (chosen.folder / "figures.json").write_text(json.dumps(asdict(figures), indent=2) + "\n")
    sheet.save(chosen.folder / "contact-sheet.webp", quality=80)
    print(json.dumps(asdict(figures), indent=2))


if __name__ == "__main__":
    main()
