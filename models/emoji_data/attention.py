"""Attention for training in which one place counts as many equal ones.

Stock pipelines pad prompts to hundreds of places that hold the same vector. One such place with
the logarithm of their number added to its score gives the same result for a fraction of the work.
"""

import math

import torch
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, *, place: int, counts_as: float) -> Tensor:
    """Attention over (n, heads, places, width) in which one place counts as many.

    Written out, since for so few places the fused kernel is three times slower on a CPU.
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weight = torch.zeros(key.shape[-2], dtype=scores.dtype)
    weight[place] = math.log(counts_as)
    return torch.softmax(scores + weight, dim=-1) @ value.to(query.dtype)
