"""Colour words: what hue they mean, and how a drawing takes on a colour.

A drawing has a main hue if enough of it is saturated in about one hue; only such drawings are
recoloured, and only their parts of that hue are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SATURATED = 0.25
_NEAR = 45.0  # degrees
_ENOUGH = 0.45  # part of the drawing


@dataclass(frozen=True)
class Colour:
    """A colour word: hue in degrees, and factors for saturation and brightness."""

    word: str
    hue: float
    saturation: float = 1.0
    value: float = 1.0


COLOURS = (
    Colour("red", 2),
    Colour("orange", 28),
    Colour("yellow", 50),
    Colour("green", 125, 0.9, 0.82),
    Colour("blue", 215, 1.0, 0.95),
    Colour("purple", 277, 0.8, 0.88),
    Colour("pink", 332, 0.62, 1.05),
)


def word_for(hue: float) -> str | None:
    """The word for a hue in degrees, or None where people would not agree on one."""
    if 72 <= hue <= 165:
        return "green"
    nearest = min(COLOURS, key=lambda colour: hue_distance(colour.hue, hue))
    return nearest.word if hue_distance(nearest.hue, hue) < 16 else None


def hue_distance(one: float, other: float) -> float:
    """Degrees between two hues, 0..180."""
    return abs((one - other + 180) % 360 - 180)


def main_hue(rgba: NDArray[np.uint8]) -> float | None:
    """The hue in degrees that most of a drawing has, or None if it has no such hue."""
    hue, saturation, value = to_hsv(_in_unit_range(rgba))
    solid = rgba[..., 3] > 128
    weight = np.where(solid & (saturation > _SATURATED) & (value > 0.2), saturation * value, 0)
    if not solid.any() or weight.sum() == 0:
        return None
    bins, _ = np.histogram(hue, bins=36, range=(0, 360), weights=weight)
    smooth = bins + 0.5 * (np.roll(bins, 1) + np.roll(bins, -1))
    peak = float(np.argmax(smooth) * 10 + 5)
    near = (weight > 0) & (_distances(hue, peak) < _NEAR)
    if near.sum() < _ENOUGH * solid.sum():
        return None
    return mean_hue(hue[near], weight[near])


def mean_hue(hue: Floats, weight: Floats) -> float:
    """The weighted mean of hues in degrees, on the circle."""
    angle = np.deg2rad(hue)
    x, y = (np.cos(angle) * weight).sum(), (np.sin(angle) * weight).sum()
    return float(np.rad2deg(np.arctan2(y, x)) % 360)


def recolour(rgba: NDArray[np.uint8], main: float, colour: Colour) -> NDArray[np.uint8]:
    """The drawing with its parts of the main hue in another colour; their shades stay."""
    hue, saturation, value = to_hsv(_in_unit_range(rgba))
    near = np.clip((_NEAR + 15 - _distances(hue, main)) / 15, 0, 1)
    near = np.where(saturation > 0.08, near, 0)
    shift = (hue - main + 180) % 360 - 180
    new = from_hsv(
        (colour.hue + shift * 0.6) % 360,
        np.clip(saturation * colour.saturation, 0, 1),
        np.clip(value * colour.value, 0, 1),
    )
    old = _in_unit_range(rgba)
    mixed = old + (new - old) * near[..., None]
    return np.dstack([np.round(mixed * 255).astype(np.uint8), rgba[..., 3]])


def _in_unit_range(rgba: NDArray[np.uint8]) -> Floats:
    return rgba[..., :3].astype(np.float32) / np.float32(255)


def _distances(hue: Floats, other: float) -> Floats:
    distances: Floats = np.abs((hue - other + 180) % 360 - 180)
    return distances


def to_hsv(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Hue in degrees, saturation and value in 0..1, of colours in 0..1 (last axis)."""
    value, low = rgb.max(axis=-1), rgb.min(axis=-1)
    span = np.where(value > low, value - low, 1)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    hue = np.select(
        [value == low, value == red, value == green],
        [np.zeros_like(value), ((green - blue) / span) % 6, (blue - red) / span + 2],
        (red - green) / span + 4,
    )
    saturation = np.where(value > 0, (value - low) / np.where(value > 0, value, 1), 0)
    return hue * 60, saturation, value


def from_hsv(hue: Floats, saturation: Floats, value: Floats) -> Floats:
    """The inverse of `to_hsv`."""
    offsets = np.array([5, 3, 1], dtype=np.float32)
    k = (offsets + hue[..., None] / 60) % 6
    part = np.clip(np.minimum(k, 4 - k), 0, 1)
    rgb: Floats = (value[..., None] * (1 - saturation[..., None] * part)).astype(np.float32)
    return rgb
