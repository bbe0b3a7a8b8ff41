"""Trains the text-to-image model: `python -m models.emoji_draw_64.train <folder>`.

Work in progress lies in a checkpoint beside the result, so training can be stopped at any time
and goes on where it was.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from models.emoji_data.packages import cache_folder
from models.emoji_data.pictures import load_pictures
from models.emoji_data.training import Learner, Plan, Training
from models.emoji_draw_64.attention import OneForMany
from models.emoji_draw_64.data import Batch, batches, subjects
from models.emoji_draw_64.model import FLOW_SHIFT, build_text_encoders, build_transformer
from models.emoji_draw_64.result import save
from models.emoji_draw_64.words import build_tokenizer

PLAN = Plan(samples=60_000, batch=20, rate=1.2e-3, embedding_factor=4.0)

_PURE_NOISE_RATE = 0.4
_LEAST_NOISE = 0.35  # below it, all errors weigh the same


class Drawer(Learner[Batch]):
    """The parts that learn, and the loss of one batch."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = build_tokenizer()
        self.text_encoders = nn.ModuleList(build_text_encoders(len(self.tokenizer)))
        self.transformer = build_transformer()
        self.transformer.set_attn_processor(OneForMany())

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Mean squared error of the predicted clean picture, heavier where noise is little."""
        noise_part = random_noise_parts(len(batch.pictures), generator)
        error = self.errors(batch, noise_part, generator)
        return (error / noise_part.clamp(min=_LEAST_NOISE)).mean()

    def errors(self, batch: Batch, noise_part: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error for each picture, when this part of what is seen is noise."""
        noise = torch.randn(batch.pictures.shape, generator=generator)
        part = noise_part[:, None, None, None]
        seen = batch.pictures * (1 - part) + noise * part
        with torch.autocast("cpu", dtype=torch.bfloat16):
            words, whole = self.read(batch.captions)
            predicted: Tensor = self.transformer(
                hidden_states=seen,
                encoder_hidden_states=words,
                pooled_projections=whole,
                timestep=(noise_part * 1000).floor(),
                return_dict=False,
            )[0]
        return (predicted.float() - batch.pictures).square().mean(dim=(1, 2, 3))

    def read(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """What the pipeline makes of captions: states for each word (the last place stands for
        the absent encoder's) and one vector for the whole.
        """
        numbers = self.tokenizer(
            captions, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
        read = [encoder(numbers, output_hidden_states=True) for encoder in self.text_encoders]
        words = torch.cat([one.hidden_states[-2] for one in read], dim=-1)
        return nn.functional.pad(words, (0, 0, 0, 1)), torch.cat([one[0] for one in read], dim=-1)


def random_noise_parts(count: int, generator: torch.Generator) -> Tensor:
    """Often almost all noise, else as the sampler's steps are spread; 0..1."""
    even = torch.rand(count, generator=generator)
    spread = FLOW_SHIFT * even / (1 + (FLOW_SHIFT - 1) * even)
    pure = torch.rand(count, generator=generator) < _PURE_NOISE_RATE
    return torch.where(pure, 0.9995, spread)


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
    training = Training(Drawer(), plan)
    checkpoint = chosen.checkpoint or chosen.folder.with_suffix(".checkpoint.pt")
    if checkpoint.is_file():
        training.load(checkpoint)
    things = subjects(load_pictures(cache_folder()))
    training.run(batches(things, plan.batch, seed=100 + training.step), checkpoint)
    save(training.average, chosen.folder)


if __name__ == "__main__":
    main()
