"""The words that a model knows, so that it can say which of a prompt it does not."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer


@dataclass(frozen=True)
class Words:
    """A small model's vocabulary; an empty one knows every word."""

    known: frozenset[str] = frozenset()
    motions: tuple[str, ...] = ()
    """Words of which a prompt needs one, so that something moves."""
    tokenizer: Tokenizer | None = None
    """Decides what is known in place of `known`: it may read names of several words."""
    unknown_token: str = ""
    max_tokens: int = 0
    """As many of a prompt's tokens are read; 0 if that is not known."""

    def warnings(self, prompt: str) -> list[str]:
        """What the caller should know about this prompt."""
        warnings = []
        unknown = self._unknown(prompt)
        if unknown:
            plural = "words" if len(unknown) > 1 else "word"
            quoted = ", ".join(f"'{word}'" for word in unknown[:12])
            warnings.append(f"the model does not know the {plural} {quoted}")
        if self.tokenizer and self.max_tokens and self._length(prompt) > self.max_tokens:
            warnings.append("the prompt is longer than the model reads; its end is left out")
        words = _split(prompt)
        if self.motions and words and not set(words) & set(self.motions):
            warnings.append(
                f"the prompt names no motion that the model knows: {', '.join(self.motions)}"
            )
        return warnings

    def _unknown(self, prompt: str) -> list[str]:
        if self.tokenizer is None:
            return [word for word in _split(prompt) if self.known and word not in self.known]
        encoding = self.tokenizer.encode(prompt)
        pieces = [
            prompt[start:end]
            for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True)
            if token == self.unknown_token
        ]
        return _split(" ".join(pieces))

    def _length(self, prompt: str) -> int:
        return 0 if self.tokenizer is None else len(self.tokenizer.encode(prompt).ids)


def read_words(folder: Path, where: Mapping[str, str], motions: tuple[str, ...] = ()) -> Words:
    """The words that `where` points at.

    Either a "file" of the model's folder, a list of words or an object whose keys are words; or a
    "tokenizer" folder with a tokenizer.json, and the "unknown_token" that it has for other words.
    What cannot be found or read makes a model that warns of no word.
    """
    try:
        if "file" in where:
            return Words(_entries(_json(folder / where["file"])), motions)
        if "tokenizer" in where and "unknown_token" in where:
            return _of_tokenizer(folder / where["tokenizer"], where["unknown_token"], motions)
    except (OSError, ValueError, TypeError):
        pass
    return Words(motions=motions)


def _of_tokenizer(folder: Path, unknown_token: str, motions: tuple[str, ...]) -> Words:
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    longest = _json(folder / "tokenizer_config.json").get("model_max_length", 0)
    # A tokenizer without a limit is saved with a number of thirty digits.
    max_tokens = longest if isinstance(longest, int) and longest < 10**6 else 0
    return Words(
        motions=motions, tokenizer=tokenizer, unknown_token=unknown_token, max_tokens=max_tokens
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _entries(content: object) -> frozenset[str]:
    if not isinstance(content, (dict, list)):
        raise TypeError("no list of words")
    return frozenset(str(entry).lower() for entry in content)


def _split(text: str) -> list[str]:
    """The words of a text in lower case, each once."""
    return list(dict.fromkeys(re.findall(r"\w+", text.lower())))
