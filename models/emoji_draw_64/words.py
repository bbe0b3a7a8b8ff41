"""The words that the model reads: a tokenizer that knows the things by name, and two small text
encoders.

A thing's name, in any of its forms, becomes sixteen tokens of its own, one for each quarter of a
quarter of the picture. So the encoders have sixteen vectors to say what a thing looks like, and
the transformer needs only to learn where each belongs.
"""

import random
import re

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
)

from models.emoji_draw_64.colours import COLOURS
from models.emoji_draw_64.concepts import Concept, all_concepts, known_concepts
from models.emoji_draw_64.data import caption

PARTS = 16
"""Tokens of a thing's name."""

PLACES = 32
"""Tokens that a prompt can have, with its beginning and end."""

_PAD, _UNKNOWN, _BEGIN, _END = "<pad>", "<unknown>", "<begin>", "<end>"
_PART_SCALE, _OWN_SCALE = 0.3, 0.05


def thing_tokens(concept: Concept) -> list[str]:
    """A thing's own tokens: "hotdog0" to "hotdog15"."""
    joined = concept.name.replace(" ", "")
    return [f"{joined}{part}" for part in range(PARTS)]


def plain_words() -> list[str]:
    """Every word of the captions that is no thing's name, sorted."""
    chance = random.Random(0)  # noqa: S311 - drawing, not secrecy
    texts = [caption("", None, chance) for _ in range(3000)]
    texts += [colour.word for colour in COLOURS]
    texts += [
        "an in and , with of the on is it my your me some for from at by very big little tiny"
    ]
    texts += ["could would can you like have here there that this picture drawing one two art ? !"]
    return sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text)})


def vocabulary() -> list[str]:
    """The four special tokens, the things' tokens, and the plain words."""
    things = [token for concept in all_concepts() for token in thing_tokens(concept)]
    return [_PAD, _UNKNOWN, _BEGIN, _END, *things, *plain_words()]


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer with one number for each plain word and sixteen for each thing."""
    numbers = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *_names_to_tokens()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_BEGIN} $A {_END}",
        special_tokens=[(_BEGIN, numbers[_BEGIN]), (_END, numbers[_END])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=_PAD,
        bos_token=_BEGIN,
        eos_token=_END,
        unk_token=_UNKNOWN,
        model_max_length=PLACES,
    )


def _names_to_tokens() -> list[normalizers.Normalizer]:
    """Long names first, so that a hot dog is no dog."""
    forms = {
        form: " ".join(thing_tokens(concept))
        for concept in known_concepts()
        for name in concept.names
        for form in (name, _plural(name))
    }
    return [
        normalizers.Replace(Regex(rf"\b{form}\b"), forms[form])
        for form in sorted(forms, key=lambda form: (-len(form), form))
    ]


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2] not in "aeou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh")) else "s")


def build_text_encoder(words: int, width: int, layers: int) -> CLIPTextModelWithProjection:
    """A small CLIP text model; the same part of all things begins with about the same vector."""
    config = CLIPTextConfig(
        vocab_size=words, hidden_size=width, intermediate_size=2 * width, projection_dim=width,
        num_hidden_layers=layers, num_attention_heads=4, max_position_embeddings=PLACES,
        hidden_act="gelu", pad_token_id=0, bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    encoder = CLIPTextModelWithProjection(config)
    things = len(all_concepts())
    with torch.no_grad():
        table = encoder.text_model.embeddings.token_embedding.weight
        table.normal_(std=_PART_SCALE)
        shared = torch.randn(PARTS, width) * _PART_SCALE
        own = torch.randn(things, PARTS, width) * _OWN_SCALE
        table[4 : 4 + things * PARTS] = (shared + own).flatten(0, 1)
    return encoder


def build_silent_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer for the silent encoder, to which all words are one."""
    tokenizer = Tokenizer(models.WordLevel({_PAD: 0, _END: 1, _UNKNOWN: 2}, unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=_PAD,
        eos_token=_END,
        unk_token=_UNKNOWN,
        model_max_length=256,
    )


def build_silent_encoder(width: int) -> T5EncoderModel:
    """A T5 that always says zero: the stock pipeline insists on a third encoder."""
    config = T5Config(
        vocab_size=3, d_model=width, d_kv=8, d_ff=8, num_layers=1, num_heads=1, dropout_rate=0.0,
        pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    encoder = T5EncoderModel(config)
    torch.nn.init.zeros_(encoder.encoder.final_layer_norm.weight)
    return encoder.eval()
