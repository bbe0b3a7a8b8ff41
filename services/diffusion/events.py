"""What an engine tells while it works. Plain values without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Loading:
    """The model is loaded first."""


@dataclass(frozen=True)
class StepDone:
    """A denoising step has ended."""

    step: int
    """From 1 to total_steps."""
    total_steps: int
    seconds: float
    """What this step took."""
    remaining_seconds: float
    """The estimate for the steps that are left."""


@dataclass(frozen=True)
class PreviewTaken:
    """A small picture of the unfinished work."""

    jpeg: bytes
    step: int
    """The step after which it was taken, from 1."""
