"""How much one key may do: a bucket of calls to begin, and a count of those that run.

Pure: the time is given. Knows no key and no call.
"""

from dataclasses import dataclass

from services.gateway.access.errors import RateLimited, TooManyCalls

_MINUTE_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """What a key may do. `rate_per_minute` 0 is no limit."""

    rate_per_minute: int
    concurrent: int


class Allowance:
    """What one key has used. It may begin a whole minute's calls at once, and then one by one."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self.running = 0
        self._left = float(limits.rate_per_minute)
        self._counted_at = now

    def change(self, limits: Limits, now: float) -> None:
        """Takes other limits, keeping count of what runs."""
        if limits.rate_per_minute != self.limits.rate_per_minute:
            self._left = float(limits.rate_per_minute)
            self._counted_at = now
        self.limits = limits

    def enter(self, now: float) -> None:
        """Counts a call that begins; raises TooManyCalls or RateLimited, counting nothing."""
        if self.running >= self.limits.concurrent:
            raise TooManyCalls(self.limits.concurrent)
        if self.limits.rate_per_minute:
            self._take(now)
        self.running += 1

    def leave(self) -> None:
        """Counts the end of a call that had entered."""
        self.running -= 1

    def _take(self, now: float) -> None:
        rate = self.limits.rate_per_minute
        regained = (now - self._counted_at) * rate / _MINUTE_SECONDS
        self._left = min(float(rate), self._left + regained)
        self._counted_at = now
        if self._left < 1.0:
            raise RateLimited(rate, (1.0 - self._left) * _MINUTE_SECONDS / rate)
        self._left -= 1.0
