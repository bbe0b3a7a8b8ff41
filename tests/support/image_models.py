"""Tiny text-to-image models with random weights, as diffusers folders."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
)

WORDS = ("<pad>", "<begin>", "<end>", "<unk>", "a", "red", "apple", "blue", "house")


def word_tokenizer(places: int = 16) -> PreTrainedTokenizerFast:
    """A tokenizer that knows WORDS."""
    tokenizer = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<begin> $A <end>", special_tokens=[("<begin>", 1), ("<end>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<begin>",
        eos_token="<end>",
        unk_token="<unk>",
        model_max_length=places,
    )


def save_stable_diffusion(folder: Path) -> None:
    """A StableDiffusionPipeline for 32 x 32 pixels (16 x 16 latents)."""
    torch.manual_seed(0)
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8),
            in_channels=3,
            out_channels=3,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
        ),
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=word_tokenizer(),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16),
            layers_per_block=1,
            sample_size=16,
            in_channels=4,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=4,
            norm_num_groups=4,
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder, safe_serialization=True)


def save_stable_diffusion_3(folder: Path) -> None:
    """A StableDiffusion3Pipeline for 64 x 64 pixels that are their own latents."""
    torch.manual_seed(0)
    config = _text_config()
    StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=64,
            patch_size=8,
            in_channels=3,
            out_channels=3,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=32,
            caption_projection_dim=32,
            pooled_projection_dim=32,
            pos_embed_max_size=16,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderTiny(
            encoder_block_out_channels=(3,),
            decoder_block_out_channels=(6,),
            num_encoder_blocks=(0,),
            num_decoder_blocks=(0,),
            latent_channels=3,
        ),
        text_encoder=CLIPTextModelWithProjection(config),
        tokenizer=word_tokenizer(),
        text_encoder_2=CLIPTextModelWithProjection(config),
        tokenizer_2=word_tokenizer(),
        text_encoder_3=None,
        tokenizer_3=None,
    ).save_pretrained(folder, safe_serialization=True)


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=16, projection_dim=16,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
