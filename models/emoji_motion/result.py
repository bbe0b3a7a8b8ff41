"""Writes the model's folder: a stock pipeline and its own defaults; knows nothing of training."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from diffusers import AutoencoderKLLTXVideo
from diffusers.models.attention_processor import CogVideoXAttnProcessor2_0

from models.emoji_motion.model import Defaults, assemble
from models.emoji_motion.motions import LEARNT
from models.emoji_motion.words import motion_words

if TYPE_CHECKING:
    from models.emoji_motion.train import Mover


def save(mover: "Mover", vae: AutoencoderKLLTXVideo, folder: Path) -> None:
    """Writes the pipeline in half precision (text in float32), and `atelier.json` beside it."""
    mover.transformer.set_attn_processor(CogVideoXAttnProcessor2_0())
    pipeline = assemble(mover.tokenizer, mover.text_encoder, vae, mover.transformer)
    # transformers loads what is stored, diffusers float32: the encoder has to be float32 too.
    pipeline.transformer.half()
    pipeline.vae.half()
    pipeline.save_pretrained(folder, safe_serialization=True)
    (folder / "atelier.json").write_text(json.dumps(own_settings(), indent=2) + "\n")


def own_settings() -> dict[str, object]:
    """What a worker should know that the pipeline's classes do not say."""
    size = Defaults.width
    return {
        "capability": "videogen",
        "defaults": asdict(Defaults()),
        "limits": {
            "steps": {"minimum": 1, "maximum": 50},
            "guidance_scale": {"minimum": 1.0, "maximum": 1.0},
            "width": {"allowed": [size]},
            "height": {"allowed": [size]},
            "num_frames": {"allowed": [Defaults.num_frames]},
        },
        "dtype": {"allowed": ["float32"]},
        "motions": [motion.value for motion in LEARNT],
        "motion_words": motion_words(),
    }
