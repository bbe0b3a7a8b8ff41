import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from services.diffusion.own import OwnSettings
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
    words = Words(motions=("left", "right"), motion_words=frozenset({"left", "right"}))
    assert words.warnings("a rocket flies Left") == []
    assert words.warnings("a rocket dances") == [
        "the prompt names no motion that the model knows: left, right"
    ]
    assert words.warnings("") == []
    assert len(words.warnings("...")) == 1


def test_a_prompt_without_anything_to_draw_is_noticed(tmp_path: Path) -> None:
    tokenizer_folder(tmp_path / "tokenizer", 10**30)
    vocabulary = {"tokenizer": "tokenizer", "unknown_token": "<unk>"}
    words = read_words(tmp_path, OwnSettings(vocabulary=vocabulary, things=("hot dog",)))
    assert words.warnings("a red hot dog") == []
    assert words.warnings("a red") == [
        "the prompt names nothing that the model can draw, such as 'hot dog'"
    ]


@pytest.mark.parametrize("content", [["a", "Red"], {"a": 0, "red": 1}])
def test_a_list_of_words_is_read(tmp_path: Path, content: object) -> None:
    (tmp_path / "words.json").write_text(json.dumps(content))
    assert read_words(tmp_path, OwnSettings(vocabulary={"file": "words.json"})).known == {
        "a",
        "red",
    }


def tokenizer_folder(folder: Path, max_tokens: int) -> None:
    """A tokenizer that reads "hot dog" as two tokens of its own."""
    numbers = {"<unk>": 0, "a": 1, "red": 2, "hotdog0": 3, "hotdog1": 4}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace("hot dog", "hotdog0 hotdog1")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"model_max_length": max_tokens}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("prompt", "warnings"),
    [
        ("A red hot dog", []),
        ("RED Hot Dog, hot cat", ["the model does not know the words 'hot', 'cat'"]),
        ("a zeppelin", ["the model does not know the word 'zeppelin'"]),
        ("a red a red a red a red", [
            "the prompt is longer than the model reads; its end is left out"
        ]),
    ],
)  # fmt: skip
def test_a_tokenizer_decides_what_is_known(
    tmp_path: Path, prompt: str, warnings: list[str]
) -> None:
    tokenizer_folder(tmp_path / "tokenizer", max_tokens=7)
    where = {"tokenizer": "tokenizer", "unknown_token": "<unk>"}
    assert read_words(tmp_path, OwnSettings(vocabulary=where)).warnings(prompt) == warnings


@pytest.mark.parametrize(
    "where", [{}, {"file": "missing.json"}, {"tokenizer": "missing", "unknown_token": "?"}]
)
def test_without_a_vocabulary_no_word_is_unknown(tmp_path: Path, where: dict[str, str]) -> None:
    assert read_words(tmp_path, OwnSettings(vocabulary=where)).warnings("anything at all") == []
