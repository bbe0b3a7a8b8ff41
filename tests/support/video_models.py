"""Tiny image-to-video models with random weights, as diffusers folders."""

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLCogVideoX,
    AutoencoderKLLTXVideo,
    AutoencoderKLTemporalDecoder,
    AutoencoderKLWan,
    CogVideoXDDIMScheduler,
    CogVideoXImageToVideoPipeline,
    CogVideoXTransformer3DModel,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LTXImageToVideoPipeline,
    LTXVideoTransformer3DModel,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

from tests.support.image_models import WORDS, word_tokenizer


def save_ltx(folder: Path) -> None:
    """Sides are multiples of 32, frames one more than a multiple of 8."""
    torch.manual_seed(0)
    LTXImageToVideoPipeline(
        transformer=LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            patch_size=1,
            patch_size_t=1,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            num_layers=1,
            caption_channels=32,
        ),
        vae=AutoencoderKLLTXVideo(
            in_channels=3,
            out_channels=3,
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, True, False),
            decoder_spatio_temporal_scaling=(True, True, True, False),
            decoder_inject_noise=(False,) * 5,
            upsample_residual=(False,) * 4,
            upsample_factor=(1,) * 4,
            timestep_conditioning=False,
            patch_size=4,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=T5EncoderModel(_t5()),
        tokenizer=word_tokenizer(128),
    ).save_pretrained(folder, safe_serialization=True)


def save_wan(folder: Path) -> None:
    """Sides are multiples of 16, frames one more than a multiple of 4."""
    torch.manual_seed(0)
    WanImageToVideoPipeline(
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=16,
            out_channels=16,
            text_dim=32,
            freq_dim=16,
            ffn_dim=32,
            num_layers=1,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        ),
        vae=AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=UMT5EncoderModel(_t5(UMT5Config)),
        tokenizer=word_tokenizer(512),
        image_encoder=None,
        image_processor=None,
        expand_timesteps=True,
    ).save_pretrained(folder, safe_serialization=True)


def save_cogvideox(folder: Path) -> None:
    """Sides are multiples of 16, frames one more than a multiple of 4; native are 16 pixels."""
    torch.manual_seed(0)
    CogVideoXImageToVideoPipeline(
        transformer=CogVideoXTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=16,
            in_channels=8,
            out_channels=4,
            time_embed_dim=2,
            text_embed_dim=32,
            num_layers=1,
            sample_width=8,
            sample_height=8,
            sample_frames=9,
            patch_size=2,
            temporal_compression_ratio=4,
            max_text_seq_length=226,
            use_rotary_positional_embeddings=True,
            use_learned_positional_embeddings=True,
        ),
        vae=AutoencoderKLCogVideoX(
            in_channels=3,
            out_channels=3,
            latent_channels=4,
            down_block_types=("CogVideoXDownBlock3D",) * 4,
            up_block_types=("CogVideoXUpBlock3D",) * 4,
            block_out_channels=(8, 8, 8, 8),
            layers_per_block=1,
            norm_num_groups=2,
            temporal_compression_ratio=4,
        ),
        scheduler=CogVideoXDDIMScheduler(),
        text_encoder=T5EncoderModel(_t5()),
        tokenizer=word_tokenizer(226),
    ).save_pretrained(folder, safe_serialization=True)


def save_stable_video_diffusion(folder: Path) -> None:
    """Takes no prompt; its autoencoder halves a side once, its denoiser once more."""
    torch.manual_seed(0)
    StableVideoDiffusionPipeline(
        image_encoder=CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=16,
                projection_dim=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                image_size=224,
                patch_size=112,
            )
        ),
        feature_extractor=CLIPImageProcessorPil(crop_size=224, size=224),
        unet=UNetSpatioTemporalConditionModel(
            block_out_channels=(32, 64),
            layers_per_block=1,
            sample_size=32,
            in_channels=8,
            out_channels=4,
            num_frames=3,
            num_attention_heads=(2, 2),
            cross_attention_dim=16,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            projection_class_embeddings_input_dim=96,
            addition_time_embed_dim=32,
        ),
        vae=AutoencoderKLTemporalDecoder(
            block_out_channels=(32,) * 4,
            in_channels=3,
            out_channels=3,
            latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4,
        ),
        scheduler=EulerDiscreteScheduler(
            prediction_type="v_prediction",
            timestep_type="continuous",
            use_karras_sigmas=True,
            sigma_min=0.002,
            sigma_max=700.0,
            interpolation_type="linear",
        ),
    ).save_pretrained(folder, safe_serialization=True)


def _t5(config: type[T5Config] = T5Config) -> T5Config:
    return config(
        vocab_size=len(WORDS), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4,
        pad_token_id=0, eos_token_id=2,
    )  # fmt: skip
