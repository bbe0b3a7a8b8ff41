"""Who is there: the streams that stand for a submitter, and how long one may be gone.

Knows no jobs; says only that a presence has left for good.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Presences:
    """Counts the streams of each presence. `on_left` is called once a grace time has passed."""

    def __init__(self, grace_seconds: float, on_left: Callable[[str], None]) -> None:
        self._grace_seconds = grace_seconds
        self._on_left = on_left
        self._streams: Counter[str] = Counter()
        self._leaving: dict[str, asyncio.TimerHandle] = {}

    @contextmanager
    def here(self, presence: str) -> Iterator[None]:
        """A stream of this presence, for as long as the context lasts; "" is nobody's."""
        if not presence:
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

    def expect(self, presence: str) -> None:
        """Begins the grace time of a presence that has no stream, unless it has begun."""
        if presence and presence not in self._streams and presence not in self._leaving:
            loop = asyncio.get_running_loop()
            handle = loop.call_later(self._grace_seconds, self._left, presence)
            self._leaving[presence] = handle

    def close(self) -> None:
        """Nobody leaves any more: the gateway does."""
        for handle in self._leaving.values():
            handle.cancel()
        self._leaving.clear()
        self._grace_seconds = 10.0**9

    def _stays(self, presence: str) -> None:
        handle = self._leaving.pop(presence, None)
        if handle is not None:
            handle.cancel()

    def _left(self, presence: str) -> None:
        del self._leaving[presence]
        self._on_left(presence)
