"""Writes the model's folder: a stock pipeline and its own defaults; knows nothing of training."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from diffusers.models.attention_processor import JointAttnProcessor2_0

from models.emoji_draw_64 import pixel_autoencoder
from models.emoji_draw_64.concepts import known_concepts
from models.emoji_draw_64.model import Defaults, assemble

if TYPE_CHECKING:
    from models.emoji_draw_64.train import Drawer


def save(drawer: "Drawer", folder: Path) -> None:
    """Writes the pipeline in half precision (text in float32), and `atelier.json` beside it."""
    drawer.transformer.set_attn_processor(JointAttnProcessor2_0())
    pipeline = assemble(
        drawer.tokenizer,
        tuple(drawer.text_encoders),
        drawer.transformer,
        pixel_autoencoder.build(),
    )
    # transformers loads what is stored, diffusers float32: the encoders have to be float32 too.
    pipeline.transformer.half()
    pipeline.vae.half()
    pipeline.save_pretrained(folder, safe_serialization=True)
    (folder / "atelier.json").write_text(json.dumps(own_settings(), indent=2) + "\n")


def own_settings() -> dict[str, object]:
    """What a worker should know that the pipeline's classes do not say."""
    size = Defaults.width
    return {
        "capability": "image",
        "defaults": asdict(Defaults()),
        "limits": {
            "steps": {"minimum": 1, "maximum": 50},
            "guidance_scale": {"minimum": 1.0, "maximum": 4.0},
            "width": {"allowed": [size]},
            "height": {"allowed": [size]},
        },
        "dtype": {"allowed": ["float32", "bfloat16", "float16"]},
        # DEIS leaves speckles below twenty steps.
        "schedulers": [
            "DPMSolverMultistepScheduler",
            "DPMSolverSinglestepScheduler",
            "UniPCMultistepScheduler",
        ],
        "image_to_image": False,
        "vocabulary": {"tokenizer": "tokenizer", "unknown_token": "<unknown>"},
        "things": [concept.name for concept in known_concepts()],
    }
