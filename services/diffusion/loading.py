"""Loads a diffusers pipeline by the rules that both workers share.

Weights from safetensors only and no code from the model's folder; precision, device, offload,
attention and compiling as the settings say.
"""

import inspect
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from services.common.device import pick_device
from services.common.models import ModelSource
from services.common.settings import SettingsError
from services.diffusion.folder import ModelFolder
from services.diffusion.own import OwnSettings
from services.diffusion.settings import DiffusionSettings

log = logging.getLogger(__name__)
_VARIANTS = ("fp16", "bf16")
_DENOISERS = ("transformer", "transformer_2", "unet", "prior")


def pipeline_class_name(source: ModelSource) -> str:
    """The class that model_index.json names; fetches that file if the model is a hub's.

    Raises SettingsError if it names none of diffusers' own classes.
    """
    if source.is_local:
        return ModelFolder.read(Path(source.location)).pipeline
    name = DiffusionPipeline.load_config(source.location).get("_class_name")
    if not isinstance(name, str):
        raise SettingsError("model", f"{source.name} brings code of its own, which is not run")
    return name


def load_pipeline(
    cls: type[DiffusionPipeline], source: ModelSource, dtype: torch.dtype
) -> DiffusionPipeline:
    """A `cls` on the CPU.

    Raises what diffusers raises; OSError if there are no safetensors.
    """
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    pipeline = cls.from_pretrained(
        source.location,
        dtype=dtype,
        use_safetensors=True,
        local_files_only=source.is_local,
        variant=_variant(source),
        **_absent_parts(cls, source),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _absent_parts(cls: type[DiffusionPipeline], source: ModelSource) -> dict[str, None]:
    """The parts that a pipeline was saved without: diffusers wants to be told that they are."""
    index = DiffusionPipeline.load_config(source.location, local_files_only=source.is_local)
    wanted = inspect.signature(cls.__init__).parameters.items()
    required = [name for name, item in wanted if item.default is inspect.Parameter.empty]
    return {
        name: None
        for name in required
        if name != "self" and (index.get(name) or [None, None])[1] is None
    }


def place(pipeline: DiffusionPipeline, device: str, settings: DiffusionSettings) -> None:
    """Moves the pipeline to its device and applies the settings."""
    offload(pipeline, device, settings.offload)
    vae = getattr(pipeline, "vae", None)
    if settings.vae_tiling:
        _enable(vae, "enable_tiling")
    if settings.vae_slicing:
        _enable(vae, "enable_slicing")
    if settings.attention == "slicing":
        _enable(pipeline, "enable_attention_slicing")
    for denoiser in denoisers(pipeline):
        if settings.attention not in ("auto", "slicing"):
            denoiser.set_attention_backend(settings.attention)
        if settings.compile:
            denoiser.compile()


def offload(pipeline: DiffusionPipeline, device: str, how: str) -> None:
    """Puts the pipeline on the device, whole or part by part."""
    if how == "none" or device == "cpu":
        pipeline.to(device)
    elif how == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)


def denoisers(pipeline: DiffusionPipeline) -> list[Any]:
    """The parts that are called at every step."""
    parts = [getattr(pipeline, name, None) for name in _DENOISERS]
    return [part for part in parts if part is not None]


def choose_device(settings: DiffusionSettings) -> str:
    """The device, and as many CPU threads as the settings say. Raises SettingsError."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return pick_device(settings.device, cuda_devices=torch.cuda.device_count())


def choose_dtype(setting: str, device: str, own: OwnSettings) -> torch.dtype:
    """The precision: as set, or what the device does best and the model allows."""
    own.require_dtype(setting)
    name = setting if setting != "auto" else _best_dtype(device)
    if own.dtypes and name not in own.dtypes:
        name = own.dtypes[0]
    return getattr(torch, name)  # type: ignore[no-any-return]  # one of three names


def parameters_of(pipeline: DiffusionPipeline) -> Mapping[str, object]:
    """The parameters of the pipeline's call with their defaults."""
    parameters = inspect.signature(pipeline.__call__).parameters
    return {name: item.default for name, item in parameters.items()}


def pixels_per_latent(pipeline: DiffusionPipeline) -> int:
    """How many pixels one latent spans, along a side."""
    names = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
    return int(next((getattr(pipeline, name) for name in names if hasattr(pipeline, name)), 8))


def fresh_scheduler(own: Any, name: str) -> Any:
    """A scheduler for one task, so that nothing of the last task's state is in it.

    `own` is the model's own, whose configuration it has; `name` another class, or empty.
    """
    if own is None:
        return None
    another = name and name != type(own).__name__
    chosen = getattr(diffusers, name) if another else type(own)
    return chosen.from_config(own.config)


def count_parameters(pipeline: DiffusionPipeline) -> int:
    """The parameters of all parts, each part counted once."""
    parts = {id(part): part for part in pipeline.components.values()}
    modules = [part for part in parts.values() if isinstance(part, torch.nn.Module)]
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def _best_dtype(device: str) -> str:
    if device == "cpu":
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def _variant(source: ModelSource) -> str | None:
    """The variant whose files the folder has, if it has only those."""
    if not source.is_local:
        return None
    names = [path.name for path in Path(source.location).glob("*/*.safetensors")]
    for variant in _VARIANTS:
        if names and all(f".{variant}." in name for name in names):
            return variant
    return None


def _enable(part: Any, method: str) -> None:
    if hasattr(part, method):
        getattr(part, method)()
    else:
        log.warning("%s has no %s; the setting changes nothing", type(part).__name__, method)
