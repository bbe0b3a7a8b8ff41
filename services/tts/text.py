"""What a text holds: characters that can be spoken, that cannot, that must not be there.

Knows Unicode, no voice and no language but the script it is written in.
"""

import unicodedata
from collections.abc import Iterable, Iterator

_SHOWN = 8
_SPOKEN = ("L", "N", "Sc", "Sm")


def control_character(text: str) -> int | None:
    """The place of the first character that no text has (NUL, escape, ...); None if all is well.

    Tabs and line ends are text.
    """
    for place, char in enumerate(text):
        if unicodedata.category(char) == "Cc" and char not in "\t\n\r\f\v\x85":
            return place
    return None


def may_be_spoken(text: str) -> bool:
    """Whether there is anything that some voice could speak: a letter, a digit or a sign."""
    return any(unicodedata.category(char).startswith(_SPOKEN) or char in "&@%#" for char in text)


def is_latin(char: str) -> bool:
    """Whether an English voice can make something of a letter or digit."""
    return char.isascii() or unicodedata.name(char, "").startswith(
        (
            "LATIN ",
            "GREEK SMALL LETTER",
            "FEMININE ORDINAL",
            "MASCULINE ORDINAL",
            "VULGAR FRACTION",
            "FULLWIDTH LATIN",
            "FULLWIDTH DIGIT",
            "SUPERSCRIPT ",
            "SUBSCRIPT ",
            "MICRO SIGN",
            "OHM SIGN",
            "KELVIN SIGN",
            "ANGSTROM SIGN",
            "MODIFIER LETTER",
            "FRACTION ",
        )
    )


def unspeakable(text: str, signs: Iterable[str]) -> list[str]:
    """The distinct characters of `text` that an English voice leaves out, in order.

    `signs`: characters beyond letters and digits that have words. Marks of punctuation,
    white space and invisible characters are no loss and not listed.
    """
    known = frozenset(signs)
    found = dict.fromkeys(char for char in _candidates(text) if char not in known)
    return list(found)


def _candidates(text: str) -> Iterator[str]:
    for char in text:
        category = unicodedata.category(char)
        foreign = category[0] in "LN" and not is_latin(char)
        picture = category in ("So", "Sm", "Sc") and not char.isascii()
        if foreign or picture:
            yield char


def described(chars: Iterable[str]) -> str:
    """A few of the characters, for a message: "'д', 'а' and 3 more"."""
    listed = list(chars)
    shown = ", ".join(f"'{char}'" for char in listed[:_SHOWN])
    rest = len(listed) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
