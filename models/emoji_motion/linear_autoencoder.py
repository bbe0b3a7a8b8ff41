"""A principal component analysis of picture patches, dressed as a stock `AutoencoderKLLTXVideo`.

The stock class wants a normalisation and a SiLU between its two convolutions. Both act as the
identity here: every component is carried twice, once added to and once taken from a number much
larger than itself, so that the norm sees a constant, the activation is straight over so small a
range, and what is left of its bend cancels in the difference. That needs float32.
"""

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKLLTXVideo
from torch import Tensor, nn

PATCH = 8
"""Edge of a patch in pixels; one patch becomes one place in the latents."""

_CARRIER = 300.0
_SILU_AT_ONE = 1 / (1 + torch.exp(torch.tensor(-1.0)))
_SILU_SLOPE = float(_SILU_AT_ONE * (1 + 1 * (1 - _SILU_AT_ONE)))
_NO_VARIANCE = -30.0  # the log of it; the least that the stock class lets through
_PRESENT = 2  # the tap of a causal kernel of 3 that sees the current frame


@dataclass(frozen=True)
class Basis:
    """Components of 8 x 8 patches in -1..1, with white at zero.

    `vectors` (components x 192) are orthonormal, in the order of the stock class (colour, column,
    row); `gain` (components) multiplies each so that weak components are not lost beside strong.
    """

    vectors: Tensor
    gain: Tensor


def patches(frames: Tensor) -> Tensor:
    """Pictures (n, 3, h, w) as rows of 192 numbers, in the stock class's order."""
    blocks = frames.unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH)
    return blocks.permute(0, 2, 3, 1, 5, 4).reshape(-1, 3 * PATCH * PATCH)


def fit(frames: Tensor, components: int) -> Basis:
    """The basis that keeps most of these pictures (n, 3, h, w) in -1..1."""
    rows = patches(frames).double() - 1
    strength, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    strength, vectors = strength.flip(0)[:components], vectors.flip(1)[:, :components]
    return Basis(vectors.T.float(), strength.clamp(min=1e-6).pow(-0.25).float())


def build(basis: Basis) -> AutoencoderKLLTXVideo:
    """A stock autoencoder that maps a frame of h x w to components x h/8 x w/8 and back."""
    components = len(basis.gain)
    widths = (2 * components,) * 4
    vae = AutoencoderKLLTXVideo(
        latent_channels=components,
        block_out_channels=widths,
        decoder_block_out_channels=widths,
        layers_per_block=(0, 0, 0, 0, 0),
        decoder_layers_per_block=(0, 0, 0, 0, 0),
        spatio_temporal_scaling=(False,) * 4,
        decoder_spatio_temporal_scaling=(False,) * 4,
        patch_size=PATCH,
        decoder_causal=True,
        spatial_compression_ratio=PATCH,
        temporal_compression_ratio=1,
        scaling_factor=1.0,
    )
    # The video pipeline reads this key from the configuration; this class does not declare it.
    vae.register_to_config(invert_scale_latents=False)
    inward = basis.vectors * basis.gain[:, None]
    outward = basis.vectors.T / basis.gain
    same = torch.eye(components)
    with torch.no_grad():
        _split(vae.encoder.conv_in.conv, inward, -inward.sum(dim=1))
        _join(vae.encoder.conv_out.conv, same, torch.zeros(components))
        vae.encoder.conv_out.conv.bias[-1] = _NO_VARIANCE
        _split(vae.decoder.conv_in.conv, same, torch.zeros(components))
        _join(vae.decoder.conv_out.conv, outward, torch.ones(len(outward)))
    return vae.eval().requires_grad_(requires_grad=False)


def _split(layer: nn.Conv3d, matrix: Tensor, bias: Tensor) -> None:
    """Carrier plus and carrier minus `matrix @ x + bias`."""
    layer.weight.zero_()
    layer.weight[:, :, _PRESENT, 1, 1] = torch.cat([matrix, -matrix])
    layer.get_parameter("bias").copy_(torch.cat([_CARRIER + bias, _CARRIER - bias]))


def _join(layer: nn.Conv3d, matrix: Tensor, bias: Tensor) -> None:
    """`matrix @ x + bias` from the two halves; what the layer has beyond stays zero."""
    layer.weight.zero_()
    places = layer.get_parameter("bias").zero_()
    halved = matrix * (_CARRIER / (2 * _SILU_SLOPE))
    layer.weight[: len(matrix), :, _PRESENT, 1, 1] = torch.cat([halved, -halved], dim=1)
    places[: len(bias)] = bias
