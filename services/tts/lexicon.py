"""How English words are pronounced: a lexicon, and a guess for the words it does not have.

Reads the data of the gruut-lang-en package (MIT): 124,000 words in espeak's IPA for American
English, as Piper's voices were trained on, and two conditional random fields, one that spells
words out in phonemes and one that tags parts of speech. Knows words and tags, no sentences.
"""

import base64
import re
import sqlite3
import string
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import gruut_lang_en  # type: ignore[import-untyped]
import pycrfsuite  # type: ignore[import-untyped]

Features = dict[str, str | float | bool]


class Lexicon:
    """Pronunciations by word. Loading takes about a third of a second and 30 MB."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: gruut's data of a language; by default the installed English one."""
        folder = folder or Path(gruut_lang_en.get_lang_dir())
        self._words = _words(folder / "espeak" / "lexicon.db")
        self._speller = _tagger(folder / "espeak" / "g2p" / "model.crf")
        self._parts = _tagger(folder / "pos" / "model.crf")
        self.guess = lru_cache(maxsize=4096)(self._guess)

    def find(self, word: str) -> str | None:
        """The IPA of a word in lower case, or None."""
        return self._words.get(word)

    def parts_of_speech(self, words: Sequence[str]) -> list[str]:
        """A Penn Treebank tag for each word of a sentence, punctuation included."""
        if not words:
            return []
        tags = self._parts.tag([_word_features(words, place) for place in range(len(words))])
        return list(tags)

    def _guess(self, word: str) -> str:
        """The likely IPA of any word of letters; "" if it has none that English knows."""
        folded = unicodedata.normalize("NFKD", word.lower())
        letters = "".join(char for char in folded if char in _LETTERS)
        if not letters:
            return ""
        labels = self._speller.tag([_letter_features(letters, at) for at in range(len(letters))])
        sounds = "".join(base64.b64decode(label).decode() for label in labels)
        return _with_stress(sounds.replace("|", "").replace("_", ""))


_LETTERS = frozenset(string.ascii_lowercase + "'")
_VOWEL = re.compile("[aeiouæɐɑɒɔəɚɛɜɪʊʌᵻ]")


def _words(path: Path) -> dict[str, str]:
    query = (
        "SELECT word, phonemes FROM word_phonemes WHERE coalesce(role, '') = ''"
        " ORDER BY pron_order DESC"
    )
    uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        # The first pronunciation comes last, and stays.
        return {word: _alone(word, phonemes) for word, phonemes in connection.execute(query)}
    finally:
        connection.close()


def _alone(word: str, phonemes: str) -> str:
    """The phonemes of a word without what its neighbour did to it.

    The lexicon was taken from a word list read in one go: a word's end bent towards the
    beginning of the next one (flapped t, linking r, n before k).
    """
    sounds = phonemes.replace(" ", "")
    if sounds.endswith("ɾ"):
        return sounds[:-1] + "t"
    if sounds.endswith("ɚɹ"):
        return sounds[:-1]
    if sounds.endswith("ŋ") and not re.search(r"n[gk].{0,2}$", word):
        return sounds[:-1] + "n"
    return sounds


def _tagger(path: Path) -> pycrfsuite.Tagger:
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    return tagger


def _with_stress(sounds: str) -> str:
    """A word of its own has one primary stress; the guess may leave it out or repeat it."""
    if not _VOWEL.search(sounds):
        return sounds
    if "ˈ" not in sounds and "ˌ" in sounds:
        return sounds.replace("ˌ", "ˈ", 1)
    if "ˈ" not in sounds:
        return _VOWEL.sub(lambda match: "ˈ" + match[0], sounds, count=1)
    before, _, after = sounds.rpartition("ˈ")
    return before.replace("ˈ", "ˌ") + "ˈ" + after


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _letter_features(word: str, place: int) -> Features:
    """What the spelling model looks at: a letter, and three on either side."""
    features: Features = {"bias": 1.0, "grapheme": _encoded(word[place])}
    if place == 0:
        features["begin"] = True
    if place == len(word) - 1:
        features["end"] = True
    for step in (-3, -2, -1, 1, 2, 3):
        if 0 <= place + step < len(word):
            features[f"grapheme{step:+d}"] = _encoded(word[place + step])
    return features


def _word_features(words: Sequence[str], place: int) -> Features:
    """What the tagging model looks at: a word, and two on either side."""
    features = _form_features("", words[place])
    if place == 0:
        features["BOS"] = True
    if place == len(words) - 1:
        features["EOS"] = True
    for step in (-2, -1, 1, 2):
        if 0 <= place + step < len(words):
            features |= _form_features(f"{step:+d}:", words[place + step])
    return features


def _form_features(prefix: str, word: str) -> Features:
    form: Features = {
        "bias": 1.0,
        "word": _encoded(word),
        "len(word)": len(word),
        "word.ispunctuation": word in string.punctuation,
        "word.isdigit()": word.isdigit(),
        "word[:2]": word[:2],
        "word[:3]": word[:3],
        "word[-2:]": word[-2:],
        "word[-3:]": word[-3:],
    }
    return {prefix + name: value for name, value in form.items()}
