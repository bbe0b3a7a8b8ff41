"""The words that a model knows, so that it can say which of a prompt it does not."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from services.diffusion.own import OwnSettings

_NAMED = 12
"""As many words or things are named in a warning."""


@dataclass(frozen=True)
class Words:
    """A small model's vocabulary; an empty one knows every word."""

    known: frozenset[str] = frozenset()
    motions: tuple[str, ...] = ()
    """What can move, in a word each; empty for a model that takes any words."""
    motion_words: frozenset[str] = frozenset()
    """Words of which a prompt needs one, so that something moves."""
    things: tuple[str, ...] = ()
    """What can be drawn; empty for a model that takes any words."""
    thing_tokens: frozenset[str] = frozenset()
    """Tokens of which a prompt needs one, so that something is drawn."""
    tokenizer: Tokenizer | None = None
    """Decides what is known in place of `known`: it may read names of several words."""
    unknown_token: str = ""
    max_tokens: int = 0
    """As many of a prompt's tokens are read; 0 if that is not known."""

    def warnings(self, prompt: str) -> list[str]:
        """What the caller should know about this prompt; nothing about an empty one."""
        warnings = []
        unknown = self._unknown(prompt)
        if unknown:
            plural = "words" if len(unknown) > 1 else "word"
            warnings.append(f"the model does not know the {plural} {_quoted(unknown)}")
        tokens = self.tokenizer.encode(prompt).tokens if self.tokenizer else []
        if self.max_tokens and len(tokens) > self.max_tokens:
            warnings.append("the prompt is longer than the model reads; its end is left out")
        if not prompt.strip():
            return warnings
        if self.motion_words and not self.motion_words & set(_split(prompt)):
            warnings.append(
                f"the prompt names no motion that the model knows: {', '.join(self.motions)}"
            )
        if self.thing_tokens and not self.thing_tokens & set(tokens):
            warnings.append(
                f"the prompt names nothing that the model can draw, such as {_quoted(self.things)}"
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


def read_words(folder: Path, own: OwnSettings) -> Words:
    """The words of the model in `folder`, as its own settings say.

    Its vocabulary is either a "file" of the folder, a list of words or an object whose keys are
    words; or a "tokenizer" folder with a tokenizer.json, and the "unknown_token" that it has for
    other words. What cannot be found or read makes a model that warns of no word.
    """
    words = Words(
        motions=own.motions or own.motion_words,
        motion_words=frozenset(own.motion_words),
        things=own.things,
    )
    where = own.vocabulary
    try:
        if "file" in where:
            return replace(words, known=_entries(_json(folder / where["file"])))
        if "tokenizer" in where and "unknown_token" in where:
            return _with_tokenizer(words, folder / where["tokenizer"], where["unknown_token"])
    except (OSError, ValueError, TypeError):
        pass
    return words


def _with_tokenizer(words: Words, folder: Path, unknown_token: str) -> Words:
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    longest = _json(folder / "tokenizer_config.json").get("model_max_length", 0)
    return replace(
        words,
        tokenizer=tokenizer,
        thing_tokens=_first_tokens(tokenizer, words.things),
        unknown_token=unknown_token,
        # A tokenizer without a limit is saved with a number of thirty digits.
        max_tokens=longest if isinstance(longest, int) and longest < 10**6 else 0,
    )


def _first_tokens(tokenizer: Tokenizer, names: Iterable[str]) -> frozenset[str]:
    """The token with which each name begins."""
    found = (tokenizer.encode(name, add_special_tokens=False).tokens for name in names)
    return frozenset(tokens[0] for tokens in found if tokens)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _entries(content: object) -> frozenset[str]:
    if not isinstance(content, (dict, list)):
        raise TypeError("no list of words")
    return frozenset(str(entry).lower() for entry in content)


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words[:_NAMED])


def _split(text: str) -> list[str]:
    """The words of a text in lower case, each once."""
    return list(dict.fromkeys(re.findall(r"\w+", text.lower())))
