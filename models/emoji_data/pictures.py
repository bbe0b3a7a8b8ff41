"""Noto emoji as arrays with their English labels; knows nothing about captions or motion."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.emoji_data.packages import ARTWORK, LABELS, fetch

SIZE = 64
"""Edge of every picture in pixels."""

_LEFT_OUT = {"Flags", "Component"}


@dataclass(frozen=True)
class Picture:
    """One drawing.

    `code` is its code points in lower-case hexadecimal ("1f34e"), `label` its English name
    ("red apple"), `rgba` an array of 64 x 64 x 4 bytes with straight alpha.
    """

    code: str
    label: str
    category: str
    rgba: NDArray[np.uint8]


def load_pictures(cache: Path) -> list[Picture]:
    """Every Noto drawing but flags and skin tones, in Unicode's own order of code points."""
    artwork = fetch(ARTWORK, cache)
    labels = _labels(fetch(LABELS, cache))
    entries = json.loads((artwork / "emoji.json").read_text(encoding="utf-8"))
    drawn = [e for e in entries if e["has_img_google"] and e["category"] not in _LEFT_OUT]
    return [
        Picture(
            code=Path(entry["image"]).stem,
            label=labels.get(_plain(entry["unified"]), entry["short_name"].replace("_", " ")),
            category=entry["category"],
            rgba=read_rgba(artwork / "img" / "google" / "64" / entry["image"]),
        )
        for entry in sorted(drawn, key=lambda entry: str(entry["unified"]))
    ]


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """One picture file as 64 x 64 x 4 bytes."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA").resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def _labels(folder: Path) -> dict[str, str]:
    entries = json.loads((folder / "en" / "data.json").read_text(encoding="utf-8"))
    return {_plain(entry["hexcode"]): entry["label"].lower() for entry in entries}


def _plain(code: str) -> str:
    return code.upper().replace("-FE0F", "")
