"""The settings of the videogen worker."""

from dataclasses import dataclass

from services.diffusion.settings import DiffusionSettings


@dataclass(frozen=True, kw_only=True)
class VideogenSettings(DiffusionSettings):
    """The [capabilities.videogen] table."""

    max_frames: int = 257
    """Most frames of a clip."""
    decode_frames: int = 4
    """Frames that the autoencoder decodes at once, for pipelines that let one choose."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_positive("max_frames")
        self._require_positive("decode_frames")
