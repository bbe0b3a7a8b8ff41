"""A stock `AutoencoderTiny` that passes pixels through, so that the model works on pixels.

The stock decoder bends large values (a hyperbolic tangent) and cuts negative ones (a ReLU):
latents are a quarter of the pixels, where the bend is under half a grey level, and each colour is
carried twice, once with each sign.
"""

import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn

_SHRUNK = 0.25


def build() -> AutoencoderTiny:
    """An autoencoder whose latents, times its scaling factor, are the pixels in -1..1."""
    vae = AutoencoderTiny(
        encoder_block_out_channels=(3,),
        decoder_block_out_channels=(6,),
        num_encoder_blocks=(0,),
        num_decoder_blocks=(0,),
        latent_channels=3,
        scaling_factor=1 / _SHRUNK,
        shift_factor=0.0,
    )
    same = torch.eye(3)
    first, last = vae.encoder.layers
    _fill(first, same, torch.zeros(3))
    _fill(last, same * 2 * _SHRUNK, torch.full((3,), -_SHRUNK))
    split, _, joined = vae.decoder.layers
    _fill(split, torch.cat([same, -same]), torch.zeros(6))
    _fill(joined, torch.cat([same, -same], dim=1) / (2 * _SHRUNK), torch.full((3,), 0.5))
    return vae.eval().requires_grad_(requires_grad=False)


def _fill(layer: nn.Conv2d, matrix: Tensor, bias: Tensor) -> None:
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[:, :, 1, 1] = matrix
        layer.get_parameter("bias").copy_(bias)
