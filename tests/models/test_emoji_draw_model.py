"""The text-to-image model's parts: untrained they have to fit the stock pipeline exactly."""

import pytest
import torch
from diffusers.models.attention_processor import JointAttnProcessor2_0

from models.emoji_draw_64 import pixel_autoencoder
from models.emoji_draw_64.data import Batch
from models.emoji_draw_64.model import Defaults, assemble
from models.emoji_draw_64.train import Drawer


@pytest.fixture(scope="module")
def drawer() -> Drawer:
    torch.manual_seed(0)
    drawer = Drawer()
    for parameter in drawer.transformer.parameters():
        if not parameter.any():  # what begins at zero would hide what comes before it
            torch.nn.init.normal_(parameter, std=0.02)
    return drawer.eval()


def test_pixels_pass_through_the_autoencoder() -> None:
    vae = pixel_autoencoder.build()
    pixels = torch.rand(2, 3, 64, 64) * 2 - 1
    latents = vae.encode(pixels).latents * vae.config.scaling_factor
    shown = vae.decode(pixels / vae.config.scaling_factor).sample
    assert torch.allclose(latents, pixels, atol=1e-5)
    assert (shown - pixels).abs().max() < 1 / 255


def test_training_sees_what_the_pipeline_shows(drawer: Drawer) -> None:
    captions = ["a red apple", "a picture of a blue car", ""]
    seen = torch.randn(3, 3, 64, 64)
    pipeline = assemble(
        drawer.tokenizer,
        tuple(drawer.text_encoders),
        drawer.transformer,
        pixel_autoencoder.build(),
    )
    rest = {"hidden_states": seen, "timestep": torch.full((3,), 700.0), "return_dict": False}
    with torch.no_grad():
        words, whole = drawer.read(captions)
        trained = drawer.transformer(encoder_hidden_states=words, pooled_projections=whole, **rest)[
            0
        ]
        words, _, whole, _ = pipeline.encode_prompt(
            captions, None, None, do_classifier_free_guidance=False
        )
        own = drawer.transformer.attn_processors
        drawer.transformer.set_attn_processor(JointAttnProcessor2_0())
        shown = drawer.transformer(encoder_hidden_states=words, pooled_projections=whole, **rest)[0]
        drawer.transformer.set_attn_processor(own)
    assert torch.allclose(trained, shown, atol=1e-4)


def test_the_loss_reaches_every_part_that_learns(drawer: Drawer) -> None:
    batch = Batch(torch.rand(2, 3, 64, 64), ["a red apple", "a blue star"])
    drawer.loss(batch, torch.Generator().manual_seed(0)).backward()
    for part in (drawer.transformer.proj_out, *drawer.text_encoders):
        assert any(p.grad is not None and p.grad.any() for p in part.parameters())


def test_defaults_are_within_what_the_pipeline_can() -> None:
    assert Defaults.width % 8 == Defaults.height % 8 == 0
    assert Defaults.steps >= 1
