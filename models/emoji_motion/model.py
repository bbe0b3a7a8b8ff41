"""The model's parts and how they make a stock pipeline; knows nothing about training."""

from dataclasses import dataclass

import torch
from diffusers import (
    CogVideoXDDIMScheduler,
    CogVideoXImageToVideoPipeline,
    CogVideoXTransformer3DModel,
)
from diffusers.models.embeddings import get_3d_rotary_pos_embed
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, T5EncoderModel

from models.emoji_data.pictures import SIZE
from models.emoji_motion.linear_autoencoder import PATCH
from models.emoji_motion.motions import FRAMES
from models.emoji_motion.words import PROMPT_PLACES, TEXT_WIDTH

COMPONENTS = 64
"""Channels of the latents."""

GRID = SIZE // PATCH
"""Edge of the latents; a clip is GRID x GRID tokens."""

_HEAD, _HEADS, _LAYERS = 64, 6, 6
_FIRST_SHARE = 0.4  # of a layer's result, so that twelve of them do not drown the picture
_LOOKING_HEADS = 4
_POINTING = 3.0  # beside contents of about 0.6
_OFFSETS = (
    (0, 0), (0, 1), (0, -1), (1, 0),
    (-1, 0), (0, 2), (0, -2), (2, 0),
    (-2, 0), (0, 3), (0, -3), (3, 0),
    (-3, 0), (1, 1), (-1, -1), (0, 0),
    (1, -1), (-1, 1), (0, 1), (0, -1),
    (1, 0), (-1, 0), (0, 0), (0, 2),
)  # fmt: skip
"""How many places down and right the looking heads look, four for each layer."""


@dataclass(frozen=True)
class Defaults:
    """What a caller should pass, since the pipeline's own defaults do not suit this model."""

    steps: int = 4
    guidance_scale: float = 1.0
    width: int = SIZE
    height: int = SIZE
    num_frames: int = FRAMES
    frames_per_second: int = 8


def build_transformer() -> CogVideoXTransformer3DModel:
    """A transformer in which all frames of a clip share the channels of one token."""
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=_HEADS,
        attention_head_dim=_HEAD,
        in_channels=2 * COMPONENTS,
        out_channels=COMPONENTS,
        time_embed_dim=64,
        text_embed_dim=TEXT_WIDTH,
        num_layers=_LAYERS,
        attention_bias=True,
        sample_width=GRID,
        sample_height=GRID,
        sample_frames=FRAMES,
        patch_size=1,
        patch_size_t=FRAMES,
        temporal_compression_ratio=1,
        max_text_seq_length=PROMPT_PLACES,
        use_rotary_positional_embeddings=True,
    )
    _look_around(transformer)
    _open_gates(transformer)
    return transformer


def _open_gates(transformer: CogVideoXTransformer3DModel) -> None:
    """Lets each layer's result in from the start; the class begins with gates all but shut, and
    with them it never comes to read the prompt.
    """
    with torch.no_grad():
        for block in transformer.transformer_blocks:
            for norm in (block.norm1, block.norm2):
                norm.linear.weight.zero_()
                bias = norm.linear.bias.view(6, -1)  # shift, scale, gate; the same for text
                bias.zero_()
                bias[[2, 5]] = 1.0
            block.attn1.to_out[0].weight.mul_(_FIRST_SHARE)
            block.ff.net[2].weight.mul_(_FIRST_SHARE)


def _look_around(transformer: CogVideoXTransformer3DModel) -> None:
    """Lets four heads of each layer start by looking a few places aside, whatever is there, so
    that shifting can be learnt at once; the other two start by looking at everything alike.
    """
    offsets = iter(_OFFSETS)
    with torch.no_grad():
        for block in transformer.transformer_blocks:
            for bias in (block.attn1.to_q.bias, block.attn1.to_k.bias):
                bias.zero_()
            for head in range(_LOOKING_HEADS):
                own = slice(head * _HEAD, (head + 1) * _HEAD)
                block.attn1.to_q.bias[own] = _pointer(*next(offsets))
                block.attn1.to_k.bias[own] = _pointer(0, 0)


def _pointer(down: int, right: int) -> Tensor:
    """A query that, after rotation, is most like the keys so many places down and right."""
    vector = torch.zeros(_HEAD)
    for start, distance in ((_HEAD // 4, down), (_HEAD // 4 + _HEAD * 3 // 8, right)):
        for pair in range(2):  # the two quickest rotations; the slow ones tell little on 8 places
            angle = torch.tensor(distance * 10000 ** (-pair / (_HEAD * 3 // 16)))
            vector[start + 2 * pair] = torch.cos(angle)
            vector[start + 2 * pair + 1] = torch.sin(angle)
    return vector * _POINTING


def rotary_positions() -> tuple[Tensor, Tensor]:
    """The rotary embedding that the pipeline makes for a clip of the trained size."""
    cos, sin = get_3d_rotary_pos_embed(
        embed_dim=_HEAD,
        crops_coords=None,
        grid_size=(GRID, GRID),
        temporal_size=1,
        grid_type="slice",
        max_size=(GRID, GRID),
    )
    return cos, sin


def build_scheduler() -> CogVideoXDDIMScheduler:
    """The sampler: predicts the clean clip and starts from pure noise."""
    return CogVideoXDDIMScheduler(
        prediction_type="sample",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        snr_shift_scale=1.0,
        clip_sample=False,
    )


def assemble(
    tokenizer: PreTrainedTokenizerFast,
    text_encoder: T5EncoderModel,
    vae: nn.Module,
    transformer: CogVideoXTransformer3DModel,
) -> CogVideoXImageToVideoPipeline:
    """The stock pipeline made of these parts."""
    return CogVideoXImageToVideoPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoder.eval(),
        vae=vae,
        transformer=transformer.eval(),
        scheduler=build_scheduler(),
    )
