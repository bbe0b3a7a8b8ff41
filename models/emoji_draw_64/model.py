"""The model's parts and how they make a stock pipeline; knows nothing about training."""

from dataclasses import dataclass

from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from torch import nn
from transformers import CLIPTextModelWithProjection, PreTrainedTokenizerFast

from models.emoji_data.pictures import SIZE
from models.emoji_draw_64.words import (
    build_silent_encoder,
    build_silent_tokenizer,
    build_text_encoder,
)

PATCH = 8
"""Edge of a token in pixels: a picture is 64 tokens of 192 numbers."""

_HEAD, _HEADS, _LAYERS = 64, 5, 4
_CONTEXT_WIDTH, _WORD_WIDTH = 128, 256

FLOW_SHIFT = 2.0
"""How much the sampler's steps lean to the noisy side."""


@dataclass(frozen=True)
class Defaults:
    """What a caller should pass, since the pipeline's own defaults do not suit this model."""

    steps: int = 8
    guidance_scale: float = 2.0
    width: int = SIZE
    height: int = SIZE


def build_transformer() -> SD3Transformer2DModel:
    """A transformer over patches of pixels, whose every layer begins as the identity."""
    transformer = SD3Transformer2DModel(
        sample_size=SIZE,
        patch_size=PATCH,
        in_channels=3,
        out_channels=3,
        num_layers=_LAYERS,
        attention_head_dim=_HEAD,
        num_attention_heads=_HEADS,
        joint_attention_dim=_CONTEXT_WIDTH + _WORD_WIDTH,
        caption_projection_dim=_HEAD * _HEADS,
        pooled_projection_dim=_CONTEXT_WIDTH + _WORD_WIDTH,
        pos_embed_max_size=SIZE // PATCH,
        qk_norm="rms_norm",
    )
    for block in transformer.transformer_blocks:
        _silence(block.norm1.linear)
        _silence(block.norm1_context.linear)
    _silence(transformer.norm_out.linear)
    _silence(transformer.proj_out)
    return transformer


def _silence(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def build_text_encoders(words: int) -> tuple[CLIPTextModelWithProjection, ...]:
    """One that sees words in context, and one whose states are the words themselves."""
    return (
        build_text_encoder(words, _CONTEXT_WIDTH, layers=2),
        build_text_encoder(words, _WORD_WIDTH, layers=1),
    )


def build_scheduler() -> DPMSolverMultistepScheduler:
    """The sampler: predicts the clean picture along straight paths from pure noise."""
    return DPMSolverMultistepScheduler(
        prediction_type="sample",
        use_flow_sigmas=True,
        flow_shift=FLOW_SHIFT,
        algorithm_type="dpmsolver++",
        solver_order=2,
        final_sigmas_type="zero",
    )


def assemble(
    tokenizer: PreTrainedTokenizerFast,
    text_encoders: tuple[CLIPTextModelWithProjection, ...],
    transformer: SD3Transformer2DModel,
    vae: AutoencoderTiny,
) -> StableDiffusion3Pipeline:
    """The stock pipeline made of these parts."""
    return StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=build_scheduler(),
        vae=vae,
        text_encoder=text_encoders[0].eval(),
        tokenizer=tokenizer,
        text_encoder_2=text_encoders[1].eval(),
        tokenizer_2=tokenizer,
        text_encoder_3=build_silent_encoder(_CONTEXT_WIDTH + _WORD_WIDTH),
        tokenizer_3=build_silent_tokenizer(),
    )
