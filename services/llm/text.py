"""From token numbers to text: no character is cut in two, no stop string leaks.

Knows how to decode only by the function that it is given.
"""

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]
_BROKEN = "�"


class Detokenizer:
    """Decodes tokens one after another.

    A token can be a part of a character, and some tokenizers decode a token differently after
    another one. So a window of the last tokens is decoded with and without the new ones, and the
    difference is the new text; it waits while it ends in a broken character.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._window = 0
        self._shown = 0

    def add(self, tokens: Sequence[int]) -> str:
        """The text that the tokens complete."""
        self._tokens += tokens
        return self._advance(final=False)

    def end(self) -> str:
        """The rest, after the last token, without a character that it has cut in two."""
        return self._advance(final=True).rstrip(_BROKEN)

    def _advance(self, *, final: bool) -> str:
        before = self._decode(self._tokens[self._window : self._shown])
        after = self._decode(self._tokens[self._window :])
        if len(after) <= len(before) or (after.endswith(_BROKEN) and not final):
            return ""
        self._window, self._shown = self._shown, len(self._tokens)
        return after[len(before) :]


class StopFinder:
    """Lets text through until the first of the stop strings; holds back what may become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.found = False
        """Whether a stop string has occurred; nothing comes after it."""

    def add(self, text: str) -> str:
        """The text that can be shown now."""
        if self.found:
            return ""
        text = self._held + text
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.found, self._held = True, ""
            return text[: min(places)]
        keep = self._possible_beginning(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def end(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return held

    def _possible_beginning(self, text: str) -> int:
        """The length of the longest end of `text` with which a stop string begins."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-length:]) for stop in self._stops):
                return length
        return 0
