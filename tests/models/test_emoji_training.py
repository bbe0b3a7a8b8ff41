"""The training loop on a learner small enough to see through."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.emoji_data.attention import attend
from models.emoji_data.training import Learner, Plan, Training

PLAN = Plan(samples=400, batch=4, rate=0.05, warm_up_steps=5, told_every_steps=50)


class Line(Learner[Tensor]):
    """Learns to multiply by three."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(1))

    def loss(self, batch: Tensor, generator: torch.Generator) -> Tensor:
        return (self.slope * batch - 3 * batch).square().mean()


def numbers() -> Iterator[Tensor]:
    while True:
        yield torch.tensor([0.1, 0.5, 0.8, 1.0])


def test_it_learns_and_its_average_follows(tmp_path: Path) -> None:
    training = Training(Line(), PLAN)
    training.run(numbers(), tmp_path / "checkpoint.pt")
    assert training.step == PLAN.steps == 100
    assert training.learner.slope.item() == pytest.approx(3, abs=0.3)
    assert training.average.slope.item() == pytest.approx(3, abs=0.6)


def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = Training(Line(), PLAN)
    for _ in range(20):
        whole.advance(next(numbers()))
    stopped = Training(Line(), PLAN)
    for _ in range(10):
        stopped.advance(next(numbers()))
    stopped.save(tmp_path / "checkpoint.pt")
    again = Training(Line(), PLAN)
    again.load(tmp_path / "checkpoint.pt")
    for _ in range(10):
        again.advance(next(numbers()))
    assert torch.equal(again.learner.slope, whole.learner.slope)
    assert torch.equal(again.average.slope, whole.average.slope)


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [PLAN.rate_at(step) for step in range(PLAN.steps)]
    assert rates[0] < rates[4] == rates[60] == PLAN.rate
    assert rates[-1] < 0.1 * PLAN.rate


def test_one_place_that_counts_as_many_is_like_many() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 5, 8) for _ in range(3))
    keys, values = (torch.cat([part] + [part[:, :, -1:]] * 6, dim=2) for part in (key, value))
    expected = nn.functional.scaled_dot_product_attention(query, keys, values)
    assert torch.allclose(attend(query, key, value, place=-1, counts_as=7), expected, atol=1e-6)
