"""From a sentence to the tokens of a model: by phonemes, or by the model's own letters.

Knows tokenizers; the model itself is not its affair.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from transformers import VitsTokenizer
from transformers.utils import is_uroman_available

from services.common.errors import ModelLoadFailed
from services.tts import text as characters
from services.tts.abbreviations import GREEK, SIGNS
from services.tts.description import Description, Framing
from services.tts.lexicon import Lexicon
from services.tts.phonemes import phonemes
from services.tts.reading import SPELLED, spoken


class Script(Protocol):
    """How a model wants its text."""

    def tokens(self, sentence: str) -> Sequence[int]:
        """The model's ids; empty if nothing in the sentence can be spoken."""

    def unspeakable(self, text: str) -> list[str]:
        """The distinct characters of the text that will not be heard."""


def load_script(location: str, description: Description) -> Script:
    """The script of the model in `location`. Raises ModelLoadFailed if there is none for it."""
    try:
        # Whatever phonemizer the tokenizer would call is replaced by ours.
        tokenizer = VitsTokenizer.from_pretrained(location, phonemize=False)
    except (OSError, TypeError, ValueError) as error:
        raise ModelLoadFailed(
            f"{location} has no VitsTokenizer that can be read ({error}); "
            "only VITS and MMS voices with vocab.json are supported"
        ) from error
    if tokenizer.is_uroman and not is_uroman_available():
        raise ModelLoadFailed(
            f"{location} wants its text in Latin letters by uroman; pip install uroman"
        )
    if description.phonemes:
        return PhonemeScript(tokenizer, Lexicon(), description.framing)
    return LetterScript(tokenizer, english=description.language.partition("-")[0] == "en")


class PhonemeScript:
    """English by espeak's IPA."""

    def __init__(self, tokenizer: Any, lexicon: Lexicon, framing: Framing) -> None:
        self._tokenizer = tokenizer
        self._lexicon = lexicon
        self._framing = framing
        self._vocabulary = frozenset(tokenizer.get_vocab())

    def tokens(self, sentence: str) -> Sequence[int]:
        """See Script."""
        sounds = phonemes(spoken(sentence), self._lexicon)
        known = "".join(symbol for symbol in sounds if symbol in self._vocabulary)
        return _ids(self._tokenizer, self._framing.around(known)) if known else ()

    def unspeakable(self, text: str) -> list[str]:
        """See Script."""
        return characters.unspeakable(text, (*SIGNS, *GREEK))


class LetterScript:
    """A model that reads letters; English numbers and signs are put into words for it."""

    def __init__(self, tokenizer: Any, *, english: bool) -> None:
        self._tokenizer = tokenizer
        self._english = english
        self._known = frozenset(
            symbol for symbol in tokenizer.get_vocab() if len(symbol) == 1 and symbol.isalnum()
        )

    def tokens(self, sentence: str) -> Sequence[int]:
        """See Script."""
        words = _spaced_letters(spoken(sentence)) if self._english else sentence
        speakable = any(self._knows(char) for char in words)
        return _ids(self._tokenizer, words) if speakable else ()

    def unspeakable(self, text: str) -> list[str]:
        """See Script."""
        words = _spaced_letters(spoken(text)) if self._english else text
        return list(
            dict.fromkeys(char for char in words if char.isalnum() and not self._knows(char))
        )

    def _knows(self, char: str) -> bool:
        return self._tokenizer.is_uroman or char in self._known or char.lower() in self._known


def _spaced_letters(words: str) -> str:
    return re.sub(rf"{SPELLED}(\w+)", lambda match: " ".join(match[1]), words)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text)["input_ids"])
