"""A text cut into pieces that are read one by one. Knows where sentences end, not how they sound.

Works from left to right and looks ahead by no more than a word, so that a text of any length
is cut as it is read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.tts.abbreviations import ABBREVIATIONS, MONTH_NAMES, NEVER_LAST, WEEKDAYS

FIRST_LIMIT = 160
"""Characters of the first piece at most: until it is spoken, nothing is heard."""
LIMIT = 320
"""Characters of every other piece at most; a person breathes earlier."""


@dataclass(frozen=True)
class Sentence:
    """A piece of the text as it stands there."""

    text: str
    offset: int
    """Where it begins, in characters from 0."""


def sentences(text: str) -> Iterator[Sentence]:
    """The pieces of `text` in order, without the white space around them.

    Joined with that white space they are the text. A sentence longer than the limit is cut
    at a clause, or at a space, or in the middle of an endless word.
    """
    limit = FIRST_LIMIT
    for start, end in _spans(text):
        begin = start
        while end - begin > limit:
            cut = _clause_end(text, begin, begin + limit)
            yield from _piece(text, begin, cut)
            begin, limit = cut, LIMIT
        for piece in _piece(text, begin, end):
            yield piece
            limit = LIMIT


def _piece(text: str, begin: int, end: int) -> Iterator[Sentence]:
    part = text[begin:end]
    bare = part.strip()
    if bare:
        yield Sentence(bare, begin + len(part) - len(part.lstrip()))


_BOUNDARY = re.compile(
    r"""
    (?P<mark>[.!?…]+)(?P<close>["')\]”’»*_]*)(?=\s|$)  # an ending mark, what it closes, a gap
    | [。！？]["'”’」』）]*                                # scripts that leave no gap
    | \s*\n\s*\n                                         # a new paragraph
    | \n(?=[ \t]*(?:[-*•‣▪+]|\d{1,3}[.)])\s)             # a new item of a list
    | (?<=[:])[ \t]*\n                                   # a line that announces the next
    """,
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"[^\W\d_](?:[\w.]*\w)?$")
_NEXT = re.compile(r"\s*[\"'(\[“‘«]*(\S)")


def _spans(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _BOUNDARY.finditer(text):
        if match["mark"] is None or _ends(text, begin, match):
            yield begin, match.end()
            begin = match.end()
    yield begin, len(text)


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether a sentence ends with this mark."""
    following = _NEXT.match(text, match.end())
    after = following[1] if following else ""
    mark = match["mark"]
    if after.islower() and (match["close"] or mark.endswith(("..", "…"))):
        return False  # "Stop!" he said, and went on ... a little
    if mark != "." or match["close"]:
        return True
    word = _LAST_WORD.search(text, max(begin, match.start() - 40), match.start())
    return not _keeps_its_stop(word[0] if word else "", after)


def _keeps_its_stop(word: str, after: str) -> bool:
    """Whether the full stop after `word` belongs to it, with `after` the next character."""
    if word in NEVER_LAST:
        return True
    if word in ("No", "Nos", "pp"):
        return after.isdigit()
    if len(word) == 1 and word.isupper() and word != "I":
        return after.isupper()
    if word in WEEKDAYS or word in MONTH_NAMES or word in ABBREVIATIONS or "." in word:
        return not after.isupper() and after != ""
    return False


_CLAUSE = re.compile(r"[;:]\s|\s[–—-]+\s|—|[,)]\s|[，、；：]")
_GAP = re.compile(r"\s+")


def _clause_end(text: str, begin: int, limit: int) -> int:
    """The best place before `limit` to cut: after the last clause, else the last space."""
    earliest = begin + (limit - begin) // 3
    for pattern in (_CLAUSE, _GAP):
        ends = [match.end() for match in pattern.finditer(text, earliest, limit)]
        if ends:
            return ends[-1]
    return limit
