"""What an image engine makes. Plain values without torch."""

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Drawn:
    """A finished picture."""

    index: int
    """Its number among those asked for, from 0."""
    picture: Image.Image
    steps: int
    """Denoising steps that were done."""
    denoise_seconds: float
    decode_seconds: float
