"""A diffusers model's folder: its JSON files and what follows from them, without its weights.

Knows how diffusers lays a model out and how its pipelines turn sizes into latents.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.own import OwnSettings

INDEX = "model_index.json"


@dataclass(frozen=True)
class ModelFolder:
    """A folder with a model_index.json."""

    path: Path
    index: Mapping[str, Any]
    own: OwnSettings = field(default_factory=OwnSettings)

    @classmethod
    def read(cls, path: Path) -> "ModelFolder":
        """Raises SettingsError for a folder that holds no diffusers pipeline."""
        try:
            index = json.loads((path / INDEX).read_text(encoding="utf-8"))
            if not index["_class_name"].isidentifier():
                raise ValueError(index["_class_name"])
        except FileNotFoundError:
            raise SettingsError(
                "model", f"{path} has no {INDEX}; it must be a diffusers pipeline's folder"
            ) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise SettingsError(
                "model",
                f"{path / INDEX} names no pipeline class of diffusers; models with code of their"
                " own are not run",
            ) from None
        return cls(path, index, OwnSettings.read(path))

    @property
    def pipeline(self) -> str:
        """The name of the pipeline's class."""
        return str(self.index["_class_name"])

    def config(self, component: str) -> Mapping[str, Any]:
        """A component's configuration; an empty one if there is none."""
        for name in ("config.json", "scheduler_config.json"):
            try:
                content = json.loads((self.path / component / name).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if isinstance(content, dict):
                return content
        return {}

    @cached_property
    def denoiser(self) -> Mapping[str, Any]:
        """The configuration of the part that is called at every step."""
        return self.config("transformer") or self.config("unet") or self.config("prior")

    @cached_property
    def vae(self) -> Mapping[str, Any]:
        """The configuration of the part that decodes."""
        return self.config("vae") or self.config("vqvae") or self.config("movq")

    @property
    def is_whole(self) -> bool:
        """Whether every part that the index names has its folder; not so while it is fetched."""
        parts = [name for name, part in self.index.items() if isinstance(part, list) and part[0]]
        return all((self.path / name).is_dir() for name in parts)

    @property
    def scheduler(self) -> str:
        """The name of the scheduler's class; empty if the model has none."""
        entry = self.index.get("scheduler") or ("", "")
        return str(entry[1] or "")

    @cached_property
    def pixels_per_latent(self) -> int:
        """How many pixels one latent spans, along a side."""
        vae = self.vae
        for key in ("scale_factor_spatial", "spatial_compression_ratio"):
            if vae.get(key):
                return int(vae[key])
        if "spatio_temporal_scaling" in vae:
            return int(vae.get("patch_size", 1) * 2 ** sum(vae["spatio_temporal_scaling"]))
        for key in ("block_out_channels", "decoder_block_out_channels", "dim_mult"):
            if vae.get(key):
                return int(2 ** (len(vae[key]) - 1))
        return 8

    @cached_property
    def frames_per_latent(self) -> int:
        """How many frames one latent spans; 1 if frames are independent."""
        vae = self.vae
        for key in ("scale_factor_temporal", "temporal_compression_ratio"):
            if vae.get(key):
                return int(vae[key])
        if "spatio_temporal_scaling" in vae:
            return int(vae.get("patch_size_t", 1) * 2 ** sum(vae["spatio_temporal_scaling"]))
        return int(2 ** sum(vae.get("temperal_downsample", ())))  # diffusers' own spelling

    @cached_property
    def side_multiple(self) -> int:
        """Widths and heights must be multiples of this many pixels."""
        needed = self.pixels_per_latent * self._latents_per_token
        # Most pipelines refuse what is no multiple of 8, whatever their autoencoder.
        return math.lcm(needed, 8)

    @property
    def _latents_per_token(self) -> int:
        denoiser = self.denoiser
        if denoiser.get("_class_name") == "UNetSpatioTemporalConditionModel":
            # It halves the latents between its blocks and cannot mend an odd size.
            return int(2 ** (len(denoiser["block_out_channels"]) - 1))
        if str(denoiser.get("_class_name", "")).startswith("Flux"):
            return 2  # packed two by two before the transformer sees them
        patch = denoiser.get("patch_size", 1)
        return int(patch[-1] if isinstance(patch, list) else patch or 1)

    def native_side(self, side: str) -> int | None:
        """The width or height that the model was trained for, if its configuration tells."""
        denoiser = self.denoiser
        latents = denoiser.get(f"sample_{side}") or denoiser.get("sample_size")
        if isinstance(latents, list):
            latents = latents[0 if side == "height" else -1]
        if not isinstance(latents, int):
            return None
        return latents * self.pixels_per_latent


def find_folder(source: ModelSource) -> ModelFolder | None:
    """The model's folder; for a hub id its copy in the hub's cache, None if there is none yet.

    Raises SettingsError for a folder that holds no diffusers pipeline.
    """
    if source.is_local:
        return ModelFolder.read(Path(source.location))
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - half a second, hub ids only

    found = try_to_load_from_cache(source.location, INDEX)
    folder = ModelFolder.read(Path(found).parent) if isinstance(found, str) else None
    return folder if folder is not None and folder.is_whole else None
