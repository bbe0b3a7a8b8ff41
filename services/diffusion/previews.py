"""Small pictures of unfinished latents, cheap enough to take between two steps.

A small autoencoder decodes them. For a large one, a linear map from latents to colours is fitted
once, when the model is loaded, from a chart of colours that the autoencoder encodes.
"""

import logging
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image
from torch import Tensor

from services.common.pictures import preview_jpeg

log = logging.getLogger(__name__)
_SMALL_PARAMETERS = 12_000_000
_CHART_CELLS = 16
_CELLS_PER_COLOUR = 2
_RIDGE = 1e-2
_FAILURES = (RuntimeError, ValueError, TypeError, AttributeError, IndexError)


class Previews:
    """Takes previews of one pipeline's latents. Make it before the pipeline is offloaded."""

    def __init__(
        self, pipeline: DiffusionPipeline, pixels_per_latent: int, *, offloaded: bool
    ) -> None:
        self._vae: Any = getattr(pipeline, "vae", None)
        self._ratio = pixels_per_latent
        self._map: Tensor | None = None
        if self._vae is None:
            return
        self._channels = int(self._vae.config.get("latent_channels") or self._vae.config["z_dim"])
        parameters = sum(parameter.numel() for parameter in self._vae.parameters())
        self._decodes = parameters <= _SMALL_PARAMETERS and not offloaded
        if not self._decodes:
            self._map = self._fitted_map()

    @torch.inference_mode()
    def jpeg(self, latents: Tensor, *, width: int, height: int) -> bytes | None:
        """A JPEG of the picture, or of the clip's last frame, that becomes `width` x `height`.

        `latents` is what the pipeline gives its step callback. None for latents of a layout that
        is not known.
        """
        if self._vae is None or (self._map is None and not self._decodes):
            return None
        grid = self._grid(latents, height // self._ratio, width // self._ratio)
        if grid is None:
            return None
        try:
            natural = self._natural(grid.to(torch.float32))
            pixels = self._decoded(natural) if self._decodes else self._mapped(natural)
        except _FAILURES:
            log.warning("no previews for this model", exc_info=True)
            self._map, self._decodes = None, False
            return None
        return preview_jpeg(_picture(pixels))

    def _grid(self, latents: Tensor, rows: int, columns: int) -> Tensor | None:
        """One picture's or frame's latents, (channels, rows, columns)."""
        channels, shape = self._channels, latents.shape
        if latents.ndim == 4 and shape[1] == channels:
            return latents[0]
        if latents.ndim == 5 and shape[1] == channels:
            return latents[0, :, -1]
        if latents.ndim == 5 and shape[2] == channels:
            return latents[0, -1]
        if latents.ndim == 3 and shape[2] == channels and shape[1] % (rows * columns) == 0:
            return latents[0].view(-1, rows, columns, channels)[-1].permute(2, 0, 1)
        if latents.ndim == 3 and shape[2] == 4 * channels and shape[1] * 4 == rows * columns:
            packed = latents[0].view(rows // 2, columns // 2, channels, 2, 2)
            return packed.permute(2, 0, 3, 1, 4).reshape(channels, rows, columns)
        return None

    def _natural(self, grid: Tensor) -> Tensor:
        """Latents as the autoencoder itself has them, without the pipeline's scaling."""
        config = self._vae.config
        scaling = config.get("scaling_factor") or 1.0
        shift = config.get("shift_factor") or 0.0
        natural = grid * self._statistic("latents_std", 1.0, grid) / scaling + shift
        return natural + self._statistic("latents_mean", 0.0, grid)

    def _statistic(self, name: str, neutral: float, grid: Tensor) -> Tensor:
        value = self._vae.config.get(name)
        if value is None:
            value = dict(self._vae.named_buffers()).get(name)
        if value is None:
            return torch.full((1, 1, 1), neutral, device=grid.device)
        return torch.as_tensor(value, dtype=grid.dtype, device=grid.device).view(-1, 1, 1)

    def _decoded(self, natural: Tensor) -> Tensor:
        batch = natural[None].to(self._vae.dtype)
        if _is_video(self._vae):
            pixels = self._vae.decode(batch[:, :, None], return_dict=False)[0][:, :, -1]
        elif type(self._vae).__name__ == "AutoencoderKLTemporalDecoder":
            pixels = self._vae.decode(batch, num_frames=1, return_dict=False)[0]
        else:
            pixels = self._vae.decode(batch, return_dict=False)[0]
        return pixels[0].float() / 2 + 0.5  # type: ignore[no-any-return]  # diffusers has no types

    def _mapped(self, natural: Tensor) -> Tensor:
        assert self._map is not None  # noqa: S101 - jpeg() has looked
        weights = self._map.to(natural.device)
        return torch.einsum("chw,cr->rhw", natural, weights[:-1]) + weights[-1].view(3, 1, 1)

    @torch.inference_mode()
    def _fitted_map(self) -> Tensor | None:
        """(channels + 1, 3): from an autoencoder's latents and a one to RGB in 0..1."""
        parameter = next(self._vae.parameters())
        colours = _chart().to(parameter.device)
        pixels = colours.repeat_interleave(self._ratio, 1).repeat_interleave(self._ratio, 2)
        batch = (pixels[None] * 2 - 1).to(parameter.dtype)
        try:
            answer = self._vae.encode(batch[:, :, None] if _is_video(self._vae) else batch)
            latents = _latents_of(answer).float()
            rows = latents.reshape(self._channels, -1).T
        except _FAILURES:
            log.warning("no previews for this model", exc_info=True)
            return None
        inputs = torch.cat([rows, torch.ones_like(rows[:, :1])], dim=1).cpu()
        targets = colours.reshape(3, -1).T.float().cpu()
        ridge = _RIDGE * len(inputs) * torch.eye(inputs.shape[1])
        solved: Tensor = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ targets)
        return solved


def _chart() -> Tensor:
    """Colours over the whole cube, (3, cells, cells) in 0..1, neighbours in small squares."""
    generator = torch.Generator().manual_seed(0)
    blocks = _CHART_CELLS // _CELLS_PER_COLOUR
    colours = torch.rand(3, blocks, blocks, generator=generator)
    return colours.repeat_interleave(_CELLS_PER_COLOUR, 1).repeat_interleave(_CELLS_PER_COLOUR, 2)


def _is_video(vae: Any) -> bool:
    weights = [parameter for parameter in vae.parameters() if parameter.ndim >= 4]
    return bool(weights) and weights[0].ndim == 5


def _latents_of(answer: Any) -> Tensor:
    if hasattr(answer, "latent_dist"):
        return answer.latent_dist.mode()  # type: ignore[no-any-return]  # diffusers has no types
    return getattr(answer, "latents", getattr(answer, "latent", None))  # type: ignore[return-value]  # one of both


def _picture(pixels: Tensor) -> Image.Image:
    array = (pixels.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(np.ascontiguousarray(array))
