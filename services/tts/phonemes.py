"""Words in a row pronounced: weak forms, links to the next word, letters, acronyms.

Takes what `reading.spoken` returns and gives espeak's IPA for American English, the marks
, . ; : ? ! kept. Knows the sentence; a word alone is the lexicon's affair.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.tts.heteronyms import HETERONYMS, kind
from services.tts.reading import SPELLED


class Words(Protocol):
    """What is needed to know of words."""

    def find(self, word: str) -> str | None:
        """The IPA of a known word in lower case."""

    def guess(self, word: str) -> str:
        """The likely IPA of an unknown word."""

    def parts_of_speech(self, words: Sequence[str]) -> list[str]:
        """A Penn Treebank tag for each word."""


def phonemes(text: str, words: Words) -> str:
    """The IPA of spoken words; "" if there is no word in `text`."""
    tokens = _TOKEN.findall(text)
    tags = _tags(tokens, words)
    shouted = _is_shouted(tokens)
    sounds = [
        token if token in _MARKS else _word(token, tag, words, shouted)
        for token, tag in zip(tokens, tags, strict=True)
    ]
    pairs = [pair for pair in zip(tokens, sounds, strict=True) if pair[1]]
    clauses = "".join(_stressed(clause) for clause in _clauses(_linked(pairs)))
    ipa = re.sub(r"\s+", " ", clauses).strip()
    return ipa if _WORD_SOUND.search(ipa) else ""


_MARKS = frozenset(",.;:?!")
_TOKEN = re.compile(rf"{SPELLED}?[^\W\d_]+(?:'[^\W\d_]+)*'?|[,.;:?!]")
_WORD_SOUND = re.compile(r"[^\W_]")
_VOWEL = re.compile("[aeiouæɐɑɒɔəɚɛɜɪʊʌᵻ]")
_BEGINS_WITH_VOWEL = re.compile("[ˈˌ]?" + _VOWEL.pattern)

_ALWAYS = {
    "a": "ɐ",
    "i": "aɪ",
    "ok": "oʊkˈeɪ",
    "okay": "oʊkˈeɪ",
    "has": "hæz",
    "been": "bˌɪn",
    "our": "ˌaʊɚ",
    "an": "ɐn",
    "et": "ɛt",
    "miz": "mˈɪz",
    "phd": "pˌiːˌeɪtʃdˈiː",
}
"""Sounder in running speech than the lexicon's form, which was taken from single words."""

_BEFORE_VOWEL = {"to": "tʊ"}
_LAST_IN_CLAUSE = {"to": "tˈuː", "a": "ˈeɪ", "the": "ðˈʌ"}
_TOGETHER = {("of", "the"): "ʌvðə", ("in", "the"): "ɪnðə"}
_PRONOUNCED = frozenset({"NASA", "NATO", "UNESCO", "AIDS", "OPEC", "SCUBA", "LASER", "RAM", "ROM"})


def _tags(tokens: Sequence[str], words: Words) -> list[str]:
    """Parts of speech, asked for only where one matters."""
    if any(token.lower() in HETERONYMS for token in tokens):
        return words.parts_of_speech(tokens)
    return [""] * len(tokens)


def _is_shouted(tokens: Sequence[str]) -> bool:
    """Whether capitals mean emphasis rather than abbreviation."""
    long = [token for token in tokens if len(token) > 1]
    return len(long) > 3 and sum(token.isupper() for token in long) > len(long) * 0.7


def _word(token: str, tag: str, words: Words, shouted: bool) -> str:
    if token.startswith(SPELLED):
        return spelled(token[1:], words)
    bare = token.strip("'")
    lower = bare.lower()
    if bare.isupper() and len(bare) > 1 and not shouted and _is_abbreviation(bare, words):
        return spelled(bare, words)
    by_kind = HETERONYMS.get(lower, {}).get(kind(tag)) if tag else None
    return by_kind or _ALWAYS.get(lower) or _known(lower, words) or _made(bare, words)


def _is_abbreviation(word: str, words: Words) -> bool:
    if word in _PRONOUNCED:
        return False
    if len(word) <= 3:
        return word not in ("OK", "OH", "NO", "YES", "AND", "THE", "NOT", "YOU")
    return words.find(word.lower()) is None and len(word) <= 5


def _known(lower: str, words: Words) -> str | None:
    found = words.find(lower)
    if found is None:
        plain = unicodedata.normalize("NFKD", lower).encode("ascii", "ignore").decode()
        found = words.find(plain) if plain else None
    return found


def _made(word: str, words: Words) -> str:
    """A word the lexicon lacks: from its parts if it has any, else guessed."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\WA-Z]+", word)
    if len(parts) > 1 and "'" not in word:
        return " ".join(filter(None, (_word(part, "", words, shouted=False) for part in parts)))
    lower = word.lower()
    if lower.endswith("'s"):
        stem = _known(lower[:-2], words) or words.guess(lower[:-2])
        return stem + _plural_sound(stem)
    if len(lower) == 1:
        return _known(lower, words) or ""
    if not re.search("[aeiouy]", unicodedata.normalize("NFKD", lower)) and lower.isascii():
        return spelled(lower, words)
    return words.guess(lower)


def _plural_sound(stem: str) -> str:
    if re.search("[szʃʒ]$", stem):
        return "ᵻz"
    return "s" if re.search("[ptkfθ]$", stem) else "z"


def spelled(letters: str, words: Words) -> str:
    """The names of letters, run together with the stress on the last one."""
    if letters.isupper() and len(letters) > 1 and letters[-1] == "s":
        letters = letters[:-1]
    folded = unicodedata.normalize("NFKD", letters.lower())
    names = [_letter(char, words) for char in folded if char.isascii() and char.isalpha()]
    if not names:
        return ""
    weak = [name.replace("ˈ", "ˌ") for name in names[:-1]]
    return "".join(weak) + names[-1]


def _letter(char: str, words: Words) -> str:
    return "ˈeɪ" if char == "a" else words.find(char) or ""


@dataclass(frozen=True)
class _Sound:
    word: str
    ipa: str


def _linked(pairs: Sequence[tuple[str, str]]) -> list[_Sound]:
    """Forms that depend on the word after them."""
    result: list[_Sound] = []
    for place, (token, alone) in enumerate(pairs):
        lower = token.lower()
        after = pairs[place + 1] if place + 1 < len(pairs) else (".", ".")
        if (lower, after[0].lower()) in _TOGETHER and token.islower():
            continue
        before = pairs[place - 1][0].lower() if place else ""
        ipa = _TOGETHER.get((before, lower), alone)
        if after[1] in _MARKS:
            ipa = _LAST_IN_CLAUSE.get(lower, ipa) if lower == token else ipa
        elif _BEGINS_WITH_VOWEL.match(after[1]):
            ipa = _before_vowel(lower, ipa)
        result.append(_Sound(token, ipa))
    return result


def _before_vowel(word: str, ipa: str) -> str:
    if word == "the":
        return ipa[:-1] + "ɪ"
    return ipa + "ɹ" if ipa.endswith("ɚ") else _BEFORE_VOWEL.get(word, ipa)


def _clauses(sounds: Sequence[_Sound]) -> list[str]:
    """IPA up to each mark, the mark and a space after it included."""
    clauses: list[str] = []
    clause: list[str] = []
    for sound in sounds:
        if sound.ipa in _MARKS:
            clauses.append(" ".join(clause) + sound.ipa + " ")
            clause = []
        else:
            clause.append(sound.ipa)
    return [*clauses, " ".join(clause)]


def _stressed(clause: str) -> str:
    """A clause has at least one primary stress."""
    if "ˈ" in clause:
        return clause
    if "ˌ" in clause:
        head, _, tail = clause.rpartition("ˌ")
        return f"{head}ˈ{tail}"
    last = clause.rfind(" ", 0, len(clause.rstrip(" ,.;:?!"))) + 1
    return clause[:last] + _VOWEL.sub(lambda match: "ˈ" + match[0], clause[last:], count=1)
