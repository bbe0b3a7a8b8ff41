"""The choice of a token against what transformers' own processors leave."""

from dataclasses import replace

import pytest
import torch
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from services.llm.engine_choice import choose
from services.llm.sampling import Sampling

PLAIN = Sampling(temperature=1, top_p=1, top_k=0, repetition_penalty=1, seed=0)


def scores(size: int = 60, seed: int = 0) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * 3


def drawn(sampling: Sampling, row: torch.Tensor, times: int = 300) -> set[int]:
    return {choose(row, replace(sampling, seed=seed), [1, 2]) for seed in range(times)}


def allowed(sampling: Sampling, row: torch.Tensor) -> set[int]:
    """The tokens that transformers would choose among."""
    row = TemperatureLogitsWarper(float(sampling.temperature))(None, row[None])
    if sampling.top_k:
        row = TopKLogitsWarper(sampling.top_k)(None, row)
    if sampling.top_p < 1:
        row = TopPLogitsWarper(sampling.top_p)(None, row)
    return set(torch.nonzero(row[0].isfinite()).flatten().tolist())


@pytest.mark.parametrize("top_k", [0, 2, 7, 1000])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.5, 1e-9])
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_only_and_nearly_all_allowed_tokens_are_drawn(
    top_k: int, top_p: float, temperature: float
) -> None:
    sampling = replace(PLAIN, temperature=temperature, top_k=top_k, top_p=top_p)
    row = scores(12)
    found, possible = drawn(sampling, row), allowed(sampling, row)
    assert found <= possible
    likely = torch.softmax(row / temperature, 0) > 0.03
    assert possible & set(torch.nonzero(likely).flatten().tolist()) <= found


def test_a_nucleus_may_be_larger_than_what_is_sorted_first() -> None:
    found = drawn(replace(PLAIN, top_p=0.99), torch.zeros(3000), 400)
    assert len(found) > 350
    assert max(found) > 1024


def test_all_of_a_seed_counts() -> None:
    seeds = (0, 2**8, 2**16, 2**24, 2**31)
    assert len({choose(torch.zeros(5000), replace(PLAIN, seed=seed), []) for seed in seeds}) == 5


def test_the_frequencies_are_the_probabilities() -> None:
    row = torch.tensor([0.0, 1.0, 2.0])
    counts = [0, 0, 0]
    for seed in range(2000):
        counts[choose(row, replace(PLAIN, seed=seed), [])] += 1
    for count, share in zip(counts, torch.softmax(row, 0).tolist(), strict=True):
        assert count / 2000 == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(
    "sampling", [replace(PLAIN, temperature=0), replace(PLAIN, top_k=1, temperature=2)]
)
def test_greedy_takes_the_likeliest(sampling: Sampling) -> None:
    row = scores()
    assert drawn(sampling, row, 20) == {int(row.argmax())}


def test_the_penalty_is_the_one_of_transformers() -> None:
    row = scores()
    tokens = [5, 5, int(row.argmax()), 0]
    expected = RepetitionPenaltyLogitsProcessor(1.7)(torch.tensor([tokens]), row[None].clone())
    before = row.clone()
    sampling = replace(PLAIN, temperature=0, repetition_penalty=1.7)
    assert choose(row, sampling, tokens) == int(expected.argmax())
    assert torch.equal(row, before)


def test_the_draw_depends_on_seed_and_place_alone() -> None:
    row = torch.zeros(1000)
    sampling = replace(PLAIN, seed=2**32 - 1)
    assert choose(row, sampling, [1] * 9) == choose(row, sampling, [2] * 9)
    assert len({choose(row, sampling, [1] * length) for length in range(20)}) > 10
    assert len(drawn(PLAIN, row, 20)) > 10


@pytest.mark.parametrize("temperature", [5e-324, 1e-40, 1e-30, 1e-6, 1e-3])
def test_no_temperature_is_too_low(temperature: float) -> None:
    row = scores()
    assert drawn(replace(PLAIN, temperature=temperature), row, 5) == {int(row.argmax())}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_have_overflown_break_nothing(value: float) -> None:
    row = scores()
    row[7] = value
    assert 0 <= choose(row, PLAIN, []) < row.numel()
    assert 0 <= choose(torch.full((9,), value), replace(PLAIN, top_p=0.5), []) < 9
