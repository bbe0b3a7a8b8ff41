"""The words that the model reads: a word tokenizer and a small text encoder.

The stock pipeline pads each prompt to 226 places. Here the padding carries the meaning: the text
encoder's attention is even over all places, padding itself is zero, so each padded place becomes
the same summary of all words. Training keeps a few places and lets the last one count as many.
"""

import random
import re
from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

from models.emoji_motion.motions import LEARNT, Motion, plain_wording, wording

PROMPT_PLACES = 226
"""Places that the stock pipeline pads a prompt to."""

TRAINED_PLACES = 16
"""Places that training uses; the last is padding that stands for all the rest."""

TEXT_WIDTH = 64

_PAD, _END, _UNKNOWN = "<pad>", "</s>", "<unk>"

# Where the order of words matters, since a sum of words has none.
_PHRASES = {
    "from left to right": "rightward",
    "from right to left": "leftward",
    "left and right": "sideways",
    "right and left": "sideways",
    "from side to side": "sideways",
    "side to side": "sideways",
    "up and down": "hopping",
    "counter[ -]clockwise": "counterclockwise",
    "anti[ -]clockwise": "anticlockwise",
    "zoom(s|ing)? in": "enlarge",
    "zoom(s|ing)? out": "recedes",
}


_GENERAL = {
    "a", "the", "it", "is", "in", "on", "to", "from", "of", "at", "this", "make", "becomes", "gets",
    "where", "keep", "not", "does", "picture", "camera", "side", "takes", "object", "thing", "into",
    "sky", "distance", "ground", "nothing", "motion", "place", "no",
}  # fmt: skip
"""Words of the wordings that say nothing by themselves."""


def vocabulary() -> list[str]:
    """Every word of the wordings after the three special ones; things have no words, since what
    moves makes no difference to how.
    """
    return [_PAD, _END, _UNKNOWN, *_spoken()]


def motion_words() -> list[str]:
    """The words that say one of the learnt motions, sorted; a prompt with none of them asks for
    nothing.
    """
    chance = random.Random(0)  # noqa: S311 - drawing, not secrecy
    asking = set(_words(plain_wording(m, chance) for m in LEARNT for _ in range(2000)))
    return sorted(word for word in asking - _GENERAL if word.isalpha())


def _spoken() -> list[str]:
    chance = random.Random(0)  # noqa: S311 - drawing, not secrecy
    texts = [wording(motion, "", chance) for motion in Motion for _ in range(3000)]
    return sorted(_words(texts) | set(_PHRASES.values()))


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text)}


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with one number for each word, in lower case."""
    numbers = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=_UNKNOWN))
    phrases = [normalizers.Replace(Regex(rf"\b{p}\b"), word) for p, word in _PHRASES.items()]
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *phrases])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=_PAD,
        eos_token=_END,
        unk_token=_UNKNOWN,
        model_max_length=PROMPT_PLACES,
    )


def build_text_encoder(words: int) -> T5EncoderModel:
    """A one-layer T5 whose attention is even, whatever the words, and whose padding is zero."""
    encoder = T5EncoderModel(
        T5Config(
            vocab_size=words, d_model=TEXT_WIDTH, d_kv=16, d_ff=256, num_layers=1,
            num_heads=4, dropout_rate=0.0, pad_token_id=0, eos_token_id=1,
        )
    )  # fmt: skip
    attention = encoder.encoder.block[0].layer[0].SelfAttention
    for even in (attention.q, attention.k, attention.relative_attention_bias):
        torch.nn.init.zeros_(even.weight)
        even.weight.requires_grad_(requires_grad=False)
    with torch.no_grad():
        encoder.shared.weight[0] = 0.0
    encoder.shared.weight.register_hook(_leave_padding)
    return encoder


def _leave_padding(gradient: Tensor) -> Tensor:
    kept = gradient.clone()
    kept[0] = 0.0
    return kept


def read(
    tokenizer: PreTrainedTokenizerFast, encoder: T5EncoderModel, sentences: list[str]
) -> Tensor:
    """What training shows the transformer: the first places and the last of what the pipeline
    would show; shape (n, trained places, width).
    """
    numbers = tokenizer(
        sentences,
        padding="max_length",
        max_length=PROMPT_PLACES,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    states: Tensor = encoder(numbers)[0]
    return torch.cat([states[:, : TRAINED_PLACES - 1], states[:, -1:]], dim=1)
