"""Who is there: the streams that stand for a submitter, and how long one may be gone.

Knows no jobs; says only that a presence has left for good.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Presence(NamedTuple):
    """A submitter's sign of life: a text of his choice, which is his own where jobs are."""

    whose: str
    text: str


class Presences:
    """Counts the streams of each presence. `on_left` is called once a grace time has passed."""

    def __init__(self, grace_seconds: float, on_left: Callable[[Presence], None]) -> None:
        self._grace_seconds = grace_seconds
        self._on_left = on_left
        self._streams: Counter[Presence] = Counter()
        self._leaving: dict[Presence, asyncio.TimerHandle] = {}
        self._closed = False

    @contextmanager
    def here(self, presence: Presence) -> Iterator[None]:
        """A stream of this presence, for as long as the context lasts; the text "" is nobody's."""
        if not presence.text:
            yield
            return
        self._streams[presence] += 1
        self._stays(presence)
        try:
            yield
        finally:
            self._streams[presence] -= 1
            if not self._streams[presence]:
                del self._streams[presence]
                self.expect(presence)

    def expect(self, presence: Presence) -> None:
        """Begins the grace time of a presence that has no stream, or begins it again."""
        if self._closed or not presence.text or presence in self._streams:
            return
        self._stays(presence)
        loop = asyncio.get_running_loop()
        self._leaving[presence] = loop.call_later(self._grace_seconds, self._left, presence)

    def close(self) -> None:
        """Nobody leaves any more: the gateway does."""
        self._closed = True
        for handle in self._leaving.values():
            handle.cancel()
        self._leaving.clear()

    def _stays(self, presence: Presence) -> None:
        handle = self._leaving.pop(presence, None)
        if handle is not None:
            handle.cancel()

    def _left(self, presence: Presence) -> None:
        del self._leaving[presence]
        self._on_left(presence)
