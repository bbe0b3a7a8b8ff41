"""Each row of a batch has the numbers that it has alone."""

import itertools
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from services.llm.engine_rows import (
    PackedLinear,
    PairedLinear,
    _packs,
    attend_by_sequence,
    rows_agree,
)


def random(*shape: int, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype)


class Cache:
    """Hands back the keys of whole sequences, as the batch's paged cache does."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self._keys, self._values = keys, values

    def update(self, **_: object) -> tuple[torch.Tensor, torch.Tensor]:
        return self._keys, self._values


def attended(lengths: list[tuple[int, int]], heads: int, key_heads: int) -> Any:
    """Attention of sequences of (new, all) tokens: packed together, and by torch alone."""
    module = nn.Module()
    module.layer_idx = 0  # type: ignore[assignment]
    queries = [random(1, heads, new, 8, dtype=torch.float32) for new, _ in lengths]
    keys = [
        random(1, key_heads, every + 1, 8, dtype=torch.float32)[:, :, 1:] for _, every in lengths
    ]
    bounds: dict[str, Any] = {
        "cu_seq_lens_q": torch.tensor([0, *itertools.accumulate(new for new, _ in lengths)]),
        "cu_seq_lens_k": {
            "full_attention": torch.tensor(
                [0, *itertools.accumulate(every for _, every in lengths)]
            )
        },
    }
    together, _ = attend_by_sequence(
        module,
        torch.cat(queries, 2),
        keys[0],
        keys[0],
        None,
        cache=Cache(torch.cat(keys, 2), torch.cat(keys, 2)),
        **bounds,
    )
    alone = [_plain(query, key) for query, key in zip(queries, keys, strict=True)]
    return together, torch.cat(alone, 1)


def _plain(query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
    new, every = query.shape[2], key.shape[2]
    mask = torch.ones(new, every, dtype=torch.bool).tril(every - new)
    repeated = key.repeat_interleave(query.shape[1] // key.shape[1], 1)
    out = functional.scaled_dot_product_attention(query, repeated, repeated, attn_mask=mask)
    return out.transpose(1, 2)


@pytest.mark.parametrize("heads", [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize(
    "lengths", [[(1, 9)], [(1, 1), (1, 30), (5, 5)], [(7, 12), (1, 2)], [(3, 3), (2, 3)]]
)
def test_packed_sequences_attend_to_themselves(
    lengths: list[tuple[int, int]], heads: tuple[int, int]
) -> None:
    together, alone = attended(lengths, *heads)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_without_a_batch_it_is_plain_attention() -> None:
    query, key = random(2, 6, 5, 8, dtype=torch.float32), random(2, 2, 5, 8, dtype=torch.float32)
    out, _ = attend_by_sequence(nn.Module(), query, key, key, None)
    torch.testing.assert_close(out, _plain(query, key), rtol=1e-5, atol=1e-5)
    last, _ = attend_by_sequence(nn.Module(), query[:, :, -1:], key, key, None)
    torch.testing.assert_close(last, out[:, -1:], rtol=1e-5, atol=1e-5)


def paired(bias: bool, dtype: torch.dtype) -> nn.Linear:
    layer = nn.Linear(64, 48, bias=bias).to(dtype).requires_grad_(False)
    layer.__class__ = PairedLinear
    return layer


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 64), (64,), (1, 1, 64), (1, 5, 64), (3, 64)])
def test_a_single_row_is_shaped_as_ever(shape: tuple[int, ...], bias: bool) -> None:
    layer = paired(bias, torch.float32)
    row = random(*shape, dtype=torch.float32)
    expected = functional.linear(row, layer.weight, layer.bias)
    torch.testing.assert_close(layer(row), expected)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_packed_weight_gives_the_same_product(keep: bool, bias: bool) -> None:
    layer = paired(bias, torch.bfloat16)
    model = nn.Sequential(layer)
    model.dtype = torch.bfloat16  # type: ignore[assignment]
    if not _packs(model):
        pytest.skip("this CPU has no bfloat16 products")
    weight, rows = layer.weight.clone(), random(9, 64)
    expected = functional.linear(rows, weight, layer.bias)
    layer.__class__ = PackedLinear
    layer.pack(keep=keep)  # type: ignore[operator]
    assert (layer.weight.layout is torch.strided) == keep
    for count in (1, 2, 9):
        torch.testing.assert_close(layer(rows[:count]), expected[:count])


def test_rows_that_depend_on_their_neighbours_are_found_out() -> None:
    class Neighbourly(nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's name
            return super().forward(input) + input.shape[0]

    assert not rows_agree(nn.Sequential(Neighbourly(4, 4)))
