import json
from pathlib import Path

import pytest

from services.diffusion.words import Words, read_words

KNOWN = Words(frozenset({"a", "red", "apple"}))


@pytest.mark.parametrize(
    ("prompt", "warnings"),
    [
        ("A red apple!", []),
        ("a purple apple", ["the model does not know the word 'purple'"]),
        ("Purple cow, purple dog", ["the model does not know the words 'purple', 'cow', 'dog'"]),
        ("", []),
    ],
)
def test_unknown_words_are_named_once(prompt: str, warnings: list[str]) -> None:
    assert KNOWN.warnings(prompt) == warnings


def test_a_prompt_without_a_motion_is_noticed() -> None:
    words = Words(motions=("left", "right"))
    assert words.warnings("a rocket flies Left") == []
    assert words.warnings("a rocket dances") == [
        "the prompt names no motion that the model knows: left, right"
    ]
    assert words.warnings("") == []


@pytest.mark.parametrize(
    ("where", "path", "content"),
    [
        ({"file": "words.json"}, "words.json", ["a", "Red"]),
        ({"tokenizer": "tokenizer"}, "tokenizer/tokenizer.json",
         {"model": {"vocab": {"a": 0, "red": 1}}}),
        ({"tokenizer": "tokenizer"}, "tokenizer/vocab.json", {"a</w>": 0, "red</w>": 1}),
    ],
)  # fmt: skip
def test_vocabularies_are_read_from_where_they_lie(
    tmp_path: Path, where: dict[str, str], path: str, content: object
) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(json.dumps(content))
    assert read_words(tmp_path, where).known == {"a", "red"}


@pytest.mark.parametrize("where", [{}, {"file": "missing.json"}, {"tokenizer": "missing"}])
def test_without_a_vocabulary_no_word_is_unknown(tmp_path: Path, where: dict[str, str]) -> None:
    assert read_words(tmp_path, where).warnings("anything at all") == []
