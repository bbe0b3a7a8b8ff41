"""Trains the image-to-video model: `python -m models.emoji_motion.train <folder>`.

Work in progress lies in a checkpoint beside the result, so training can be stopped at any time
and goes on where it was.
"""

import argparse
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from models.emoji_data.packages import cache_folder
from models.emoji_data.pictures import Picture, load_pictures
from models.emoji_data.training import Learner, Plan, Training
from models.emoji_motion import linear_autoencoder
from models.emoji_motion.attention import OneForMany
from models.emoji_motion.data import Batch, batches, split
from models.emoji_motion.linear_autoencoder import Basis
from models.emoji_motion.model import (
    COMPONENTS,
    GRID,
    build_scheduler,
    build_transformer,
    rotary_positions,
)
from models.emoji_motion.result import save
from models.emoji_motion.words import build_text_encoder, build_tokenizer, read

PLAN = Plan(samples=60_000, batch=16, rate=1.2e-3, embedding_factor=5.0, warm_up_steps=80)

_FIRST_FRAME_WEIGHT = 2.0


class Mover(Learner[Batch]):
    """The two parts that learn, and the loss of one batch."""

    def __init__(self, basis: Basis) -> None:
        super().__init__()
        self.tokenizer: PreTrainedTokenizerFast = build_tokenizer()
        self.text_encoder = build_text_encoder(len(self.tokenizer))
        self.transformer = build_transformer()
        self._scheduler = build_scheduler()
        self._rotary = rotary_positions()
        self._inward = (basis.vectors * basis.gain[:, None]).T.contiguous()
        self._pixel_weight = (1 / basis.gain).square()[None, None, :, None, None]
        self.transformer.set_attn_processor(OneForMany())

    def latents(self, clips: Tensor) -> Tensor:
        """What the autoencoder makes of clips (n, f, 3, h, w): (n, f, components, h/8, w/8)."""
        rows = linear_autoencoder.patches(clips.flatten(0, 1)) - 1
        places = (rows @ self._inward).view(*clips.shape[:2], GRID, GRID, COMPONENTS)
        return places.permute(0, 1, 4, 2, 3)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Mean squared error of the predicted clean clip, in pixels of -1..1."""
        clean = self.latents(batch.clips)
        times = _random_times(len(clean), generator)
        noise = torch.randn(clean.shape, generator=generator)
        noisy = self._scheduler.add_noise(clean, noise, times)
        given = torch.zeros_like(clean)
        given[:, 0] = clean[:, 0]
        text = read(self.tokenizer, self.text_encoder, batch.sentences)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            predicted = self.predict(torch.cat([noisy, given], dim=2), text, times)
        wrong = (predicted.float() - clean).square() * self._pixel_weight
        wrong = wrong.sum(dim=2).mean(dim=(0, 2, 3)) / linear_autoencoder.PATCH**2 / 3
        wrong[0] = wrong[0] * _FIRST_FRAME_WEIGHT
        return wrong.mean()

    def predict(self, seen: Tensor, text: Tensor, times: Tensor) -> Tensor:
        """The clean clip as the transformer sees it."""
        result: Tensor = self.transformer(
            hidden_states=seen,
            encoder_hidden_states=text,
            timestep=times,
            image_rotary_emb=self._rotary,
            return_dict=False,
        )[0]
        return result


def _random_times(count: int, generator: torch.Generator) -> Tensor:
    """Half of the time pure noise, else one of the other times that sampling visits or any."""
    times = torch.randint(0, 1000, (count,), generator=generator)
    pure = torch.rand(count, generator=generator) < 0.5
    return torch.where(pure, 999, times)


def prepare_basis(pictures: list[Picture]) -> Basis:
    """The components of some hundred random clips."""
    sample = torch.cat([batch.clips for batch in islice(batches(pictures, 32, seed=1), 12)])
    return linear_autoencoder.fit(sample.flatten(0, 1), COMPONENTS)


def main() -> None:
    """Fetches, learns, and writes the pipeline's folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model goes")
    parser.add_argument("--samples", type=int, default=PLAN.samples, help="how many to learn from")
    parser.add_argument("--checkpoint", type=Path, help="file of the work in progress")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    plan = replace(PLAN, samples=chosen.samples)
    pictures, _ = split(load_pictures(cache_folder()))
    basis = prepare_basis(pictures)
    training = Training(Mover(basis), plan)
    checkpoint = chosen.checkpoint or chosen.folder.with_suffix(".checkpoint.pt")
    if checkpoint.is_file():
        training.load(checkpoint)
    training.run(batches(pictures, plan.batch, seed=100 + training.step), checkpoint)
    save(training.average, linear_autoencoder.build(basis), chosen.folder)


if __name__ == "__main__":
    main()
