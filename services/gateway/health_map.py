"""The health map: every capability's record, the one place that changes it, and who is told.

Knows no worker: events come from monitor.py. Lives on one event loop and is never locked.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from services.gateway.record import Event, Record, State, advance


class Subscription:
    """What has changed since a reader looked last; a slow reader misses no latest record."""

    def __init__(self) -> None:
        self._changed: dict[str, None] = {}
        self._news = asyncio.Event()
        self.closed = False
        """Whether there will be no more changes."""

    async def changes(self) -> list[str]:
        """Waits for news; returns the names of what has changed, each once.

        The list is empty when the reader was only woken, or the map was closed.
        """
        if not self.closed:
            await self._news.wait()
        names = list(self._changed)
        self.forget()
        return names

    def forget(self) -> None:
        """Drops the news of so far: the reader has just read all records."""
        self._changed.clear()
        self._news.clear()

    def wake(self) -> None:
        """Lets changes() return."""
        self._news.set()

    def close(self) -> None:
        """Lets changes() return now and ever after."""
        self.closed = True
        self._news.set()

    def tell(self, name: str) -> None:
        """Notes that `name` has changed."""
        self._changed[name] = None
        self._news.set()


class HealthMap:
    """The records by capability, in the order of the settings."""

    def __init__(self, names: Iterable[str], clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._records = {name: Record(since=clock()) for name in names}
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self.transitions: Counter[tuple[str, State]] = Counter()
        """How often each capability has entered each state."""

    @property
    def records(self) -> dict[str, Record]:
        """All records; not to be changed."""
        return self._records

    def __getitem__(self, name: str) -> Record:
        return self._records[name]

    def apply(self, name: str, event: Event) -> Record:
        """Lets an event happen; returns the new record. Raises KeyError for an unknown name."""
        before = self._records[name]
        after = advance(before, event, self._clock())
        if after is before:
            return after
        self._records[name] = after
        if after.state is not before.state:
            self.transitions[name, after.state] += 1
        for subscription in self._subscriptions:
            subscription.tell(name)
        return after

    def wake(self) -> None:
        """Wakes all readers, though no record has changed."""
        for subscription in self._subscriptions:
            subscription.wake()

    def close(self) -> None:
        """Sends all readers away, those who come later as well."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """A subscription to all changes, for as long as the context lasts."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
