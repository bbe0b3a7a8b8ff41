"""The transformer's attention during training, in which one padding counts as all of it."""

import torch
from diffusers.models.attention_processor import Attention, CogVideoXAttnProcessor2_0
from diffusers.models.embeddings import apply_rotary_emb
from torch import Tensor

from models.emoji_data.attention import attend
from models.emoji_motion.words import PROMPT_PLACES, TRAINED_PLACES

ALL_PADDING = PROMPT_PLACES - TRAINED_PLACES + 1
"""Places that the last trained place stands for in the pipeline."""


class OneForMany(CogVideoXAttnProcessor2_0):  # type: ignore[misc]
    """Attention as the stock processor does it; the last text place stands for the padding that
    the pipeline would add.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: None = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """What picture and text see; text comes first and has no position."""
        del attention_mask
        places = encoder_hidden_states.shape[1]
        states = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        query, key, value = (
            layer(states).unflatten(2, (attn.heads, -1)).transpose(1, 2)
            for layer in (attn.to_q, attn.to_k, attn.to_v)
        )
        query = _placed(attn.norm_q(query), places, image_rotary_emb)
        key = _placed(attn.norm_k(key), places, image_rotary_emb).to(query.dtype)
        mixed = attend(
            query.to(value.dtype),
            key.to(value.dtype),
            value,
            place=TRAINED_PLACES - 1,
            counts_as=ALL_PADDING,
        )
        mixed = attn.to_out[0](mixed.transpose(1, 2).flatten(2))
        text, picture = mixed.split([places, hidden_states.shape[1]], dim=1)
        return picture, text


def _placed(states: Tensor, places: int, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
    text, picture = states[:, :, :places], states[:, :, places:]
    return torch.cat([text, apply_rotary_emb(picture, rotary)], dim=2)
