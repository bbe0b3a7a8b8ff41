"""The transformer's attention during training, in which one zero vector counts as many.

The stock pipeline insists on a third text encoder of 256 places; this model's says only zeros.
"""

import torch
from diffusers.models.attention_processor import Attention, JointAttnProcessor2_0
from torch import Tensor, nn

from models.emoji_data.attention import attend

ABSENT_PLACES = 256
"""Places of the third text encoder, all zero."""


class OneForMany(JointAttnProcessor2_0):  # type: ignore[misc]
    """Joint attention as the stock processor does it; the last text place stands for the rest."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        *_: object,
        **__: object,
    ) -> tuple[Tensor, Tensor]:
        """What picture and text see."""
        seen = _heads(hidden_states, attn.to_q, attn.to_k, attn.to_v, attn.heads)
        said = _heads(
            encoder_hidden_states, attn.add_q_proj, attn.add_k_proj, attn.add_v_proj, attn.heads
        )
        query = torch.cat([attn.norm_q(seen[0]), attn.norm_added_q(said[0])], dim=2)
        key = torch.cat([attn.norm_k(seen[1]), attn.norm_added_k(said[1])], dim=2)
        value = torch.cat([seen[2], said[2]], dim=2)
        mixed = attend(query, key, value, place=-1, counts_as=ABSENT_PLACES)
        mixed = mixed.transpose(1, 2).flatten(2)
        places = [hidden_states.shape[1], encoder_hidden_states.shape[1]]
        picture, text = torch.split(mixed, places, dim=1)
        return attn.to_out[0](picture), text if attn.context_pre_only else attn.to_add_out(text)


def _heads(
    states: Tensor, to_query: nn.Module, to_key: nn.Module, to_value: nn.Module, heads: int
) -> tuple[Tensor, Tensor, Tensor]:
    query, key, value = (
        layer(states).unflatten(2, (heads, -1)).transpose(1, 2)
        for layer in (to_query, to_key, to_value)
    )
    return query, key, value
