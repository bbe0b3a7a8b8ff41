"""Writes the model's card from its figures: `python -m models.emoji_motion.card <folder>`."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.emoji_data.packages import ARTWORK
from models.emoji_motion.model import Defaults
from models.emoji_motion.motions import LEARNT

_CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-video
---

# emoji-motion

Moves a drawing on a plain ground as a sentence says: {frames} frames of 64 x 64 pixels. It is
there so that Atelier makes a clip that does as it is told on a machine without GPU, hub or
account. What it has learnt is a two-dimensional warp: for trying the system, not for art.

![One clip a row, of drawings that training never saw](contact-sheet.webp)

## Use

```python
from diffusers import CogVideoXImageToVideoPipeline

pipeline = CogVideoXImageToVideoPipeline.from_pretrained("models/emoji_motion/pipeline")
clip = pipeline(
    image=picture, prompt="the rocket flies up",
    num_inference_steps={steps}, guidance_scale=1, num_frames={frames}, height=64, width=64,
).frames[0]
```

All of these have to be passed: the pipeline's own defaults are made for large models.
`atelier.json` says the same to Atelier's worker. Load it in float32: its autoencoder is exact
arithmetic that half precision spoils (the files are in half precision and lose nothing).

It knows these motions, in many wordings: {motions}.

## Figures

{clips} clips with new places, grounds and wordings, half of them of drawings that training never
saw. Motion is measured from the pixels alone: the path of the middle, the area and the turn.

| what | figure |
| --- | --- |
| the motion agrees with the sentence | {agrees} |
| … for drawings never seen | {unseen} |
| first frame against the given picture, mean | {first} dB |
| … worst of all | {least} dB |
| … for pictures that fill the frame, mean | {large} dB |
| all frames against the picture truly moved | {every} dB |
| likeness of the last frame that is wholly visible (1 is the same) | {alike} |
| time for one clip, two CPU threads | {seconds} s |

Disagreements by motion: {disagreed}.

## What it is

A stock `CogVideoXImageToVideoPipeline`: a transformer of {size} in which all frames of a clip
share the channels of one token, so that a clip is 64 tokens; it predicts the clean clip (DDIM from
pure noise). The autoencoder is a principal component analysis of 8 x 8 patches inside a stock
`AutoencoderKLLTXVideo`; the text encoder a one-layer T5 with even attention and a vocabulary of
motion words.

## Limits

It moves, sizes and turns the whole picture; it does not know what is in it. A drawing on a plain
ground, white or tinted, works, though later frames are soft and a little speckled; a photograph
smears at its rims. Only 64 x 64 pixels and {frames}
frames. Speeds are fixed. Two motions in one sentence give one of them or a blend.

## Data and licence

Trained on clips computed from Noto Emoji (Apache License 2.0, Google), as npm `{package}`
{version} carries them; one drawing in sixteen was held out. The names of the drawings come from npm
`emojibase-data` (MIT). The weights are under the Apache License 2.0.

To train it again: `python -m models.emoji_motion.train <folder>`, then `judge` and `card` with the
same folder.
"""


def write(folder: Path) -> None:
    """Writes README.md beside figures.json."""
    figures = json.loads((folder / "figures.json").read_text())
    (folder / "README.md").write_text(_CARD.format(**_blanks(figures)), encoding="utf-8")


def _blanks(figures: Mapping[str, Any]) -> dict[str, str]:
    wrong = figures["disagreed"]
    return {
        "frames": str(Defaults.num_frames),
        "steps": str(Defaults.steps),
        "motions": ", ".join(motion.value for motion in LEARNT),
        "clips": str(figures["clips"]),
        "agrees": f"{figures['motion_agrees']:.0%}",
        "unseen": f"{figures['motion_agrees_on_unseen_pictures']:.0%}",
        "first": f"{figures['first_frame_decibels']:.1f}",
        "least": f"{figures['first_frame_decibels_least']:.1f}",
        "large": f"{figures['large_picture_first_frame_decibels']:.1f}",
        "every": f"{figures['all_frames_decibels']:.1f}",
        "alike": f"{figures['last_visible_frame_likeness']:.2f}",
        "seconds": f"{figures['seconds_a_clip']:.2f}",
        "disagreed": ", ".join(f"{k} {v}" for k, v in wrong.items()) or "none",
        "size": f"{figures['transformer_millions']:.0f} million parameters",
        "package": ARTWORK.name,
        "version": ARTWORK.version,
    }


def main() -> None:
    """Reads the folder from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the model, already judged")
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
