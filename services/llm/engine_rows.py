"""Computes each call's numbers as if it were alone, so that equal seeds give equal answers.

Two things make a row of a batch depend on its neighbours. Attention over the whole batch with a
mask adds zeros in another order; here each sequence attends by itself. And a matrix product of one
row can go through another kernel than one of several; here a single row is computed as two. That
is enough where the library computes rows of a product alike whatever their number, which
rows_agree() finds out by trying.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import AttentionInterface

# transformers builds no mask, and hands over the sequences' bounds, for names with "flash".
ATTENTION = "atelier_flash_rows"
_SAMPLE_ROWS = 33
_SAMPLE_COUNTS = (2, 3, 5, 8, 16, 32)


def attend_by_sequence(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001 - transformers' signature
    scaling: float | None = None,
    cache: Any = None,
    **bounds: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of each sequence of a packed batch by itself.

    `query` is [1, heads, tokens, size]; the result is [1, tokens, heads, size].
    """
    if cache is None:
        out = _attend(query, key, value, scaling)
        return out.transpose(1, 2).contiguous(), None
    query_bounds = bounds["cu_seq_lens_q"].tolist()
    key_bounds = _of_full_attention(bounds["cu_seq_lens_k"]).tolist()
    key, value = cache.update(
        key_states=key, value_states=value, layer_idx=module.layer_idx, kwargs=bounds
    )
    parts = []
    for number in range(len(query_bounds) - 1):
        queries = slice(query_bounds[number], query_bounds[number + 1])
        keys = slice(key_bounds[number], key_bounds[number + 1])
        part = _attend(query[:, :, queries], key[:, :, keys], value[:, :, keys], scaling)
        parts.append(part.transpose(1, 2))
    return torch.cat(parts, 1), None


def _of_full_attention(bounds: Any) -> torch.Tensor:
    """The bounds of the only kind of layer that there is here; they may come by kind."""
    found: torch.Tensor = bounds["full_attention"] if isinstance(bounds, dict) else bounds
    return found


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None
) -> torch.Tensor:
    queries, keys = query.shape[2], key.shape[2]
    mask = None
    if 1 < queries < keys:  # the rest of a prompt, after what the cache has
        mask = torch.ones(queries, keys, dtype=torch.bool, device=query.device)
        mask = mask.tril(keys - queries)
    return functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        is_causal=mask is None and queries > 1,
        scale=scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )


class PairedLinear(nn.Linear):
    """A linear layer that computes a single row as two, as it would beside others."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """As nn.Linear."""
        if input.numel() != self.in_features:
            return functional.linear(input, self.weight, self.bias)
        pair = input.reshape(1, -1).expand(2, -1)
        single = functional.linear(pair, self.weight, self.bias)[:1]
        return single.reshape(*input.shape[:-1], self.out_features)


def separate_rows(model: Any) -> bool:
    """Makes a transformers model compute rows separately; returns whether they are independent.

    Changes nothing and returns False for a model whose attention looks at a window only, or that
    is not on a CPU: there the library's own fast attention is worth more.
    """
    config = model.config.get_text_config()
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    windowed = layers != {"full_attention"} or getattr(config, "sliding_window", None)
    if windowed or model.device.type != "cpu":
        return False
    AttentionInterface.register(ATTENTION, attend_by_sequence)
    # Not by set_attn_implementation, which refuses names that it does not know.
    model.config._attn_implementation = ATTENTION  # noqa: SLF001
    for layer in model.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = PairedLinear
    return rows_agree(model)


@torch.no_grad()
def rows_agree(model: nn.Module) -> bool:
    """Whether the model's matrix products have the same bits in batches of any size.

    Tries each shape of linear layer once, with its own weights.
    """
    generator = torch.Generator().manual_seed(0)
    tried = set()
    for layer in model.modules():
        if not isinstance(layer, nn.Linear) or layer.weight.shape in tried:
            continue
        tried.add(layer.weight.shape)
        rows = torch.randn(_SAMPLE_ROWS, layer.in_features, generator=generator)
        rows = rows.to(layer.weight.dtype)
        reference = layer(rows)
        if any(not torch.equal(layer(rows[:n]), reference[:n]) for n in _SAMPLE_COUNTS):
            return False
    return True
