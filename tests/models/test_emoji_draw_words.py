"""What the text-to-image model's tokenizer makes of prompts, and what its captions say."""

import random

import pytest
from transformers import PreTrainedTokenizerFast

from models.emoji_draw_64.concepts import known_concepts
from models.emoji_draw_64.data import caption
from models.emoji_draw_64.words import PARTS, PLACES, build_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer()


def tokens_of(thing: str) -> list[str]:
    return [f"{thing}{part}" for part in range(PARTS)]


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("A red apple", ["a", "red", *tokens_of("apple")]),
        ("puppies", tokens_of("dog")),
        ("a hot dog", ["a", *tokens_of("hotdog")]),
        ("a pine tree", ["a", *tokens_of("pinetree")]),
        ("smiley", tokens_of("smilingface")),
        ("a quantum star", ["a", "<unknown>", *tokens_of("star")]),
    ],
)
def test_names_become_the_things_own_tokens(
    tokenizer: PreTrainedTokenizerFast, prompt: str, tokens: list[str]
) -> None:
    assert tokenizer.tokenize(prompt) == tokens


def test_every_name_of_every_thing_is_known(tokenizer: PreTrainedTokenizerFast) -> None:
    for concept in known_concepts():
        for name in concept.names:
            assert tokenizer.tokenize(f"a {name}")[1:] == tokens_of(concept.name.replace(" ", ""))


def test_captions_fit_and_hold_no_unknown_word(tokenizer: PreTrainedTokenizerFast) -> None:
    chance = random.Random(0)
    for concept in known_concepts():
        numbers = tokenizer(caption(concept.name, "blue", chance)).input_ids
        assert len(numbers) <= PLACES
        assert tokenizer.unk_token_id not in numbers


def test_names_of_things_are_not_given_twice() -> None:
    names = [name for concept in known_concepts() for name in concept.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("thing", ["apple", "umbrella"])
def test_captions_have_the_right_article(thing: str) -> None:
    chance = random.Random(1)
    texts = {caption(thing, None, chance) for _ in range(200)}
    assert f"an {thing}" in texts
    assert f"a {thing}" not in texts
