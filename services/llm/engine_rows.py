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
    if queries == 1:
        return _attend_once(query, key, value, scaling)
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


def _attend_once(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None
) -> torch.Tensor:
    """Attention of one new token.

    Query heads that share a key head go as so many queries of that head: the keys need not be
    repeated for them, which takes four times as long.
    """
    batch, heads, _, size = query.shape
    grouped = query.reshape(batch, key.shape[1], heads // key.shape[1], size)
    out = functional.scaled_dot_product_attention(grouped, key, value, scale=scaling)
    return out.reshape(batch, heads, 1, size)


class PairedLinear(nn.Linear):
    """A linear layer that computes a single row as two, as it would beside others."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
        """As nn.Linear."""
        if input.numel() != self.in_features:
            return self._product(input)
        pair = input.reshape(1, -1).expand(2, -1)
        return self._product(pair)[:1].reshape(*input.shape[:-1], self.out_features)

    def _product(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.linear(rows, self.weight, self.bias)


class PackedLinear(PairedLinear):
    """A bfloat16 layer whose weight lies as oneDNN's product reads it.

    Otherwise each product puts it in order anew, which for a few rows takes as long as the product.
    """

    def pack(self, *, keep: bool) -> None:
        """Orders the weight; `keep` says that others use it as it was."""
        packed = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach())  # noqa: SLF001 - the only way
        self._packed = packed
        if not keep:
            self.weight = nn.Parameter(packed, requires_grad=False)

    def _product(self, rows: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(  # noqa: SLF001 - as in pack()
            rows, self._packed, self.bias, "none", [], ""
        )
        return out


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
    shared = model.get_input_embeddings().weight
    packs = _packs(model)
    for layer in model.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = PackedLinear if packs else PairedLinear
        if isinstance(layer, PackedLinear):
            layer.pack(keep=layer.weight is shared)
    return rows_agree(model)


def _packs(model: Any) -> bool:
    """Whether this build of torch, on this CPU, has products with packed weights of this kind."""
    if model.dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    supported: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001 - the only way
    return supported


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
