"""The settings of the image worker."""

from dataclasses import dataclass

from services.diffusion.settings import DiffusionSettings


@dataclass(frozen=True, kw_only=True)
class ImageSettings(DiffusionSettings):
    """The [capabilities.image] table."""

    max_images: int = 8
    """Most pictures of one call."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_positive("max_images")
