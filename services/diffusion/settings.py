"""The settings that both workers with diffusers pipelines have beside those of every worker."""

from dataclasses import dataclass

from services.common.settings import SettingsError, WorkerSettings

OFFLOADS = ("none", "model", "sequential")
ATTENTIONS = (
    "auto", "slicing", "native", "_native_cudnn", "_native_efficient", "_native_flash",
    "_native_math", "flex", "flash", "flash_varlen", "_flash_3", "sage", "xformers",
)  # fmt: skip
"""diffusers' own names of what needs no download; those that fetch kernels are left out."""


@dataclass(frozen=True, kw_only=True)
class DiffusionSettings(WorkerSettings):
    """How the pipeline is run, and the limits that no model's own may exceed."""

    offload: str = "none"
    """"model" keeps only the part at work on the GPU, "sequential" only the layer: slower, and
    for models that do not fit."""
    vae_tiling: bool = False
    """Decodes large pictures in tiles: less memory."""
    vae_slicing: bool = False
    """Decodes several pictures one by one: less memory."""
    attention: str = "auto"
    """diffusers' attention backend, "slicing" for the least memory, or "auto" for its choice."""
    compile: bool = False
    """Compiles the denoiser with torch.compile: the first task takes minutes, the others less."""
    max_side: int = 2048
    """Largest width and height in pixels."""
    max_steps: int = 150
    max_guidance_scale: float = 30.0
    max_input_pixels: int = 50_000_000
    """Most pixels of a picture that is sent along."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_one_of("offload", self.offload, OFFLOADS)
        self._require_one_of("attention", self.attention, ATTENTIONS)
        for key in ("max_side", "max_steps", "max_guidance_scale", "max_input_pixels"):
            self._require_positive(key)

    def _require_one_of(self, key: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise SettingsError(
                f"capabilities.{self.name}.{key}", f"'{value}' is none of {', '.join(choices)}"
            )

    def _require_positive(self, key: str) -> None:
        value = getattr(self, key)
        if not value > 0:
            raise SettingsError(
                f"capabilities.{self.name}.{key}", f"must be more than 0, not {value}"
            )
