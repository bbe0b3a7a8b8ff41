"""What a videogen engine makes. Plain values without torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Filmed:
    """The frames of a finished clip."""

    frames: NDArray[np.uint8]
    """(frames, height, width, 3), RGB."""
    steps: int
    """Denoising steps that were done."""
    denoise_seconds: float
    decode_seconds: float
