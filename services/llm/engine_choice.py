"""Chooses each call's next token with the call's own parameters and its own chance.

Stands in the batch's list of logits processors; what it chooses is the only token left, so that
the batch's own argmax takes it.
"""

import hashlib
import struct
from typing import Any

import torch
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
    ContinuousBatchingLogitsProcessorList,
)
from transformers.generation.logits_process import LogitsProcessorList

from services.llm.sampling import Sampling

# Sorting as many is quick, a whole vocabulary is not, and they hardly ever fall short of top_p.
_NUCLEUS = 1024
_GREEDY = Sampling(temperature=0, top_p=1, top_k=0, repetition_penalty=1, seed=0)


class Choice(ContinuousBatchingLogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
    """Repetition penalty, temperature, top_k, top_p and the draw, row by row."""

    supported_kwargs = {"sampling": Sampling}  # noqa: RUF012 - the base class's form
    ignored_kwargs = ()

    def __init__(self) -> None:
        self._states: list[Any] = []

    def fill_defaults(self, int32_tensor: torch.Tensor) -> None:
        """Nothing goes by tensor."""
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> torch.Tensor:
        """Notes whose rows come next."""
        self._states = [request.state for request in requests_with_new_token]
        return torch.zeros(len(self._states), dtype=torch.int32)

    def __call__(self, scores: torch.Tensor, _tensor_arg: torch.Tensor) -> torch.Tensor:
        """Leaves one token in each row of `scores` [calls, vocabulary]."""
        chosen = torch.full_like(scores, float("-inf"))
        for row, state in enumerate(self._states[: scores.size(0)]):
            sampling = state.logit_processor_kwargs.get("sampling", _GREEDY)
            token = choose(scores[row], sampling, state.initial_tokens + state.generated_tokens)
            chosen[row, token] = 0
        return chosen


def choose(scores: torch.Tensor, sampling: Sampling, tokens: list[int]) -> int:
    """The token to follow `tokens`, the conversation and the answer so far.

    `scores` is float32 [vocabulary]. The draw depends on the seed and the number of tokens alone:
    https://arxiv.org/abs/1904.09751 for top_p, https://arxiv.org/abs/1909.05858 for the penalty.
    """
    if sampling.repetition_penalty != 1:
        scores = _penalised(scores, tokens, sampling.repetition_penalty)
    if sampling.is_greedy:
        return int(scores.argmax())
    top = scores.max()
    if not top.isfinite():  # the model's numbers have overflown; its call is lost, not others'
        return int(scores.argmax())
    weights, candidates = _candidates(scores - top, sampling)
    sums = weights.double().cumsum(0)
    place = torch.searchsorted(sums, sums[-1] * _chance(sampling.seed, len(tokens)), right=True)
    return int(candidates[place.clamp_max(sums.numel() - 1)])


def _chance(seed: int, number: int) -> float:
    """From 0 to below 1, another one for each seed and number; torch looks at 32 bits of a seed."""
    digest = hashlib.blake2b(struct.pack("<QQ", seed, number), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53


def _candidates(scores: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens to draw from and their weights."""
    tokens = torch.arange(scores.numel(), device=scores.device)
    if 0 < sampling.top_k < scores.numel():
        scores, tokens = torch.topk(scores, sampling.top_k)
    weights = torch.softmax(scores / sampling.temperature, 0)
    if sampling.top_p == 1:
        return weights, tokens
    kept, places = torch.topk(weights, min(_NUCLEUS, weights.numel()))
    if kept.sum() < sampling.top_p:
        kept, places = torch.sort(weights, descending=True)
    # Kept is what is needed to reach top_p: all whose predecessors do not reach it yet.
    before = kept.cumsum(0) - kept
    return kept.masked_fill(before >= sampling.top_p, 0), tokens[places]


def _penalised(scores: torch.Tensor, tokens: list[int], penalty: float) -> torch.Tensor:
    seen = torch.tensor(sorted(set(tokens)), device=scores.device)
    scores = scores.clone()
    values = scores[seen]
    scores[seen] = torch.where(values < 0, values * penalty, values / penalty)
    return scores


def choice_list() -> ContinuousBatchingLogitsProcessorList:
    """The list of processors with nothing but the choice."""
    processors = ContinuousBatchingLogitsProcessorList(LogitsProcessorList([Choice()]))
    processors.tensors_required = 1
    return processors
