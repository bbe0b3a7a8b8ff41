"""Writes the model's card from its figures: `python -m models.emoji_draw_64.card <folder>`."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from models.emoji_data.packages import ARTWORK
from models.emoji_draw_64.colours import COLOURS
from models.emoji_draw_64.concepts import known_concepts
from models.emoji_draw_64.model import Defaults

_CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
---

# emoji-draw-64

Draws {count} everyday things as small pictures (64 x 64 pixels, on white), many of them in the
colour asked for. It is there so that Atelier draws something one can name on a machine without
GPU, hub or account. It is for trying the system, not for art.

![What it drew for wordings and seeds that training did not use](contact-sheet.webp)

## Use

```python
from diffusers import AutoPipelineForText2Image

pipeline = AutoPipelineForText2Image.from_pretrained("models/emoji_draw_64/pipeline")
pipeline("a blue car", num_inference_steps={steps}, guidance_scale={guidance}).images[0]
```

Pass these steps and this guidance: the pipeline's own defaults are made for large models.
`atelier.json` says the same to Atelier's worker. float32, float16 and bfloat16 work.

It knows these things, also by some other names: {things}.

It knows these colours: {colours}. Words that it does not know are read as one and the same
unknown word.

## Figures

| what | figure | how |
| --- | --- | --- |
| the right thing | {right} | {judged} things, new wordings and seeds: the nearest of all {count} \
drawings is the right one |
| the right colour | {moved} | of {asked} requests for an unusual colour: the mean hue moved \
towards it against the same seed without the colour word |
| … within 40 degrees of hue | {close} | the same requests |
| what the caption does | {gap} dB | how much nearer a picture is to its own drawing than to \
another's |
| time | {seconds} s | one picture, two CPU threads |

## What it is

A stock `StableDiffusion3Pipeline`: a transformer of {size}, which sees a picture as 64 patches of
8 x 8 pixels and predicts the clean picture (DPM-Solver++ along straight paths); two small CLIP
text encoders, trained with it; an `AutoencoderTiny` that only passes pixels through. The tokenizer
turns the name of a thing into sixteen tokens, so each thing has sixteen learnt vectors of its own.

## Limits

It has seen one drawing of each thing, so it draws that one, a little moved and sized from seed to
seed, and in other colours. It knows nothing about two things together, backgrounds, poses, styles
or writing, and it makes no pictures of another size. It cannot start from a picture.

## Data and licence

The drawings are Noto Emoji (Apache License 2.0, Google), as npm `{package}` {version} carries them
at 64 pixels; the names of the drawings come from npm `emojibase-data` (MIT). Colours were changed
for training. The weights are under the Apache License 2.0.

To train it again: `python -m models.emoji_draw_64.train <folder>`, then `judge` and `card` with
the same folder.
"""


def write(folder: Path) -> None:
    """Writes README.md beside figures.json."""
    figures = json.loads((folder / "figures.json").read_text())
    (folder / "README.md").write_text(_CARD.format(**_blanks(figures)), encoding="utf-8")


def _blanks(figures: Mapping[str, float]) -> dict[str, str]:
    things = known_concepts()
    return {
        "count": str(len(things)),
        "judged": str(min(100, len(things))),
        "steps": str(Defaults.steps),
        "guidance": str(Defaults.guidance_scale),
        "things": ", ".join(concept.name for concept in things),
        "colours": ", ".join(colour.word for colour in COLOURS),
        "right": f"{figures['nearest_is_right']:.0%}",
        "moved": f"{figures['hue_moved_right']:.0%}",
        "close": f"{figures['hue_within_40_degrees']:.0%}",
        "asked": f"{figures['colour_asked']:.0f}",
        "gap": f"{figures['caption_gap_decibels']:.1f}",
        "seconds": f"{figures['seconds_a_picture']:.2f}",
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
