"""The training loop that both emoji models share: rates, averaged weights, checkpoints.

It knows a learner only as a module with a loss, and its data only as batches.
"""

import math
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

B = TypeVar("B")

_TABLES = ("token_embedding.weight", "shared.weight")


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn.

    The rate rises over the first steps, stays, and falls to nothing over the last part. That of
    token embeddings is higher by a factor, since each is used in few batches.
    """

    samples: int
    batch: int
    rate: float
    embedding_factor: float = 1.0
    warm_up_steps: int = 200
    falling_part: float = 0.35
    averaging: float = 0.998
    checkpoint_seconds: float = 120.0
    told_every_steps: int = 50

    @property
    def steps(self) -> int:
        """Batches in all."""
        return self.samples // self.batch

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        rising = min(1.0, (step + 1) / self.warm_up_steps)
        left = (self.steps - step) / (self.falling_part * self.steps)
        return self.rate * rising * max(0.02, min(1.0, left))


class Learner(nn.Module, Generic[B]):
    """What can be trained."""

    def loss(self, batch: B, generator: torch.Generator) -> Tensor:
        """Mean squared error over a batch, of values in -1..1."""
        raise NotImplementedError


# Covariant, so that a Training[Drawer] is a Training[Learner[Batch]] where batches come in.
L_co = TypeVar("L_co", bound=Learner[Any], covariant=True)


class Training(Generic[L_co]):
    """A learner, the slow average of its weights (which is the result), and its optimiser."""

    def __init__(self, learner: L_co, plan: Plan) -> None:
        self.learner = learner
        self.average = deepcopy(learner)
        self.plan = plan
        self.step = 0
        self._optimiser = torch.optim.AdamW(
            _groups(learner, plan), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01
        )

    def save(self, path: Path) -> None:
        """Writes the checkpoint; a crash in the middle leaves the one before."""
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "learner": self.learner.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "step": self.step,
            },
            unfinished,
        )
        unfinished.rename(path)

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        kept = torch.load(path, weights_only=True)
        self.learner.load_state_dict(kept["learner"])
        self.average.load_state_dict(kept["average"])
        factors = [group["factor"] for group in self._optimiser.param_groups]
        self._optimiser.load_state_dict(kept["optimiser"])
        for group, factor in zip(self._optimiser.param_groups, factors, strict=True):
            group["factor"] = factor
        self.step = kept["step"]

    def advance(self: "Training[Learner[B]]", batch: B) -> float:
        """One step; returns the loss."""
        generator = torch.Generator().manual_seed(self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = self.plan.rate_at(self.step) * group["factor"]
        loss = self.learner.loss(batch, generator)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.learner.parameters(), 1.0)
        self._optimiser.step()
        self._follow(min(self.plan.averaging, (1 + self.step) / (10 + self.step)))
        self.step += 1
        return loss.item()

    def _follow(self, keep: float) -> None:
        with torch.no_grad():
            theirs = [p.detach() for p in self.learner.parameters()]
            torch._foreach_lerp_(list(self.average.parameters()), theirs, 1 - keep)

    def run(self: "Training[Learner[B]]", data: Iterator[B], checkpoint: Path) -> None:
        """Learns until the plan is done, telling how it goes."""
        saved = begun = time.monotonic()
        first, recent = self.step, Recent()
        while self.step < self.plan.steps:
            recent.add(self.advance(next(data)))
            now = time.monotonic()
            if self.step % self.plan.told_every_steps == 0:
                pace = (self.step - first) * self.plan.batch / (now - begun)
                told = f"{self.step * self.plan.batch} samples, {recent.decibels():.2f} dB"
                print(f"{told}, {pace:.1f} a second", flush=True)
            if now - saved > self.plan.checkpoint_seconds or self.step == self.plan.steps:
                self.save(checkpoint)
                saved = now


def _groups(learner: nn.Module, plan: Plan) -> list[dict[str, object]]:
    trained = [(name, p) for name, p in learner.named_parameters() if p.requires_grad]
    tables = [p for name, p in trained if name.endswith(_TABLES)]
    others = [p for name, p in trained if not name.endswith(_TABLES)]
    groups: list[dict[str, object]] = [{"params": others, "factor": 1.0}]
    if tables:
        groups.append({"params": tables, "factor": plan.embedding_factor, "weight_decay": 0.0})
    return groups


@dataclass
class Recent:
    """Losses since the last report."""

    losses: list[float] = field(default_factory=list)

    def add(self, loss: float) -> None:
        """One more loss."""
        self.losses.append(loss)

    def decibels(self) -> float:
        """Their mean as a peak signal-to-noise ratio of values in -1..1; forgets them."""
        mean = sum(self.losses) / len(self.losses)
        self.losses.clear()
        return -10 * math.log10(mean / 4)
