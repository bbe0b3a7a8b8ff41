"""The image-to-video model's parts: untrained they have to fit the stock pipeline exactly."""

import pytest
import torch
from diffusers import AutoencoderKLLTXVideo
from diffusers.models.attention_processor import CogVideoXAttnProcessor2_0

from models.emoji_motion import linear_autoencoder
from models.emoji_motion.data import Batch
from models.emoji_motion.linear_autoencoder import Basis
from models.emoji_motion.model import COMPONENTS, assemble
from models.emoji_motion.train import Mover
from models.emoji_motion.words import build_tokenizer, read


@pytest.fixture(scope="module")
def basis() -> Basis:
    torch.manual_seed(0)
    frames = torch.rand(64, 3, 64, 64) * 2 - 1
    return linear_autoencoder.fit(frames, COMPONENTS)


@pytest.fixture(scope="module")
def vae(basis: Basis) -> AutoencoderKLLTXVideo:
    return linear_autoencoder.build(basis)


@pytest.fixture(scope="module")
def mover(basis: Basis) -> Mover:
    return Mover(basis).eval()


def clips(count: int) -> torch.Tensor:
    return torch.rand(count, 8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_stock_autoencoder_encodes_as_training_does(
    vae: AutoencoderKLLTXVideo, mover: Mover
) -> None:
    stock = vae.encode(clips(2).transpose(1, 2)).latent_dist.sample().transpose(1, 2)
    assert torch.allclose(stock, mover.latents(clips(2)), atol=2e-3)


def test_the_stock_autoencoder_keeps_what_its_components_span(
    vae: AutoencoderKLLTXVideo, mover: Mover
) -> None:
    latents = mover.latents(clips(2))
    shown = vae.decode(latents.transpose(1, 2)).sample.transpose(1, 2)
    assert torch.allclose(mover.latents(shown), latents, atol=2e-3)


def test_white_is_zero(mover: Mover) -> None:
    assert mover.latents(torch.ones(1, 1, 3, 64, 64)).abs().max() < 1e-4


def test_training_sees_what_the_pipeline_shows(vae: AutoencoderKLLTXVideo, mover: Mover) -> None:
    sentences = ["the rocket flies up", "spin around please"]
    latents = mover.latents(clips(2))
    seen, times = torch.cat([latents, latents], dim=2), torch.full((2,), 999)
    pipeline = assemble(mover.tokenizer, mover.text_encoder, vae, mover.transformer)
    with torch.no_grad():
        text = read(mover.tokenizer, mover.text_encoder, sentences)
        trained = mover.predict(seen, text, times)
        text = pipeline.encode_prompt(sentences, do_classifier_free_guidance=False)[0]
        own = mover.transformer.attn_processors
        mover.transformer.set_attn_processor(CogVideoXAttnProcessor2_0())
        shown = mover.predict(seen, text, times)
        mover.transformer.set_attn_processor(own)
    assert torch.allclose(trained, shown, atol=1e-4)


def test_the_loss_reaches_transformer_and_words_but_not_the_padding(mover: Mover) -> None:
    batch = Batch(clips(2), ["the rocket flies up", "spin around"])
    mover.loss(batch, torch.Generator().manual_seed(0)).backward()
    words = mover.text_encoder.shared.weight
    assert words.grad is not None
    assert words.grad.any()
    assert not words.grad[0].any()


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("from left to right", ["rightward"]),
        ("it moves from right to left", ["it", "moves", "leftward"]),
        ("counter-clockwise", ["counterclockwise"]),
        ("Zoom out", ["recedes"]),
        ("the gnu flies", ["the", "<unk>", "flies"]),
    ],
)
def test_phrases_whose_order_matters_become_one_word(prompt: str, tokens: list[str]) -> None:
    assert build_tokenizer().tokenize(prompt) == tokens
