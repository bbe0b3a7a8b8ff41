"""Moments of time.monotonic() as times since 1970: equal ones stay equal, earlier ones earlier.

Asking both clocks anew for every moment would not do: between the two questions a process may have
to wait, and the step that a denoising ends with would end after it.
"""

import time

FOLLOWS_NANOSECONDS = 10_000_000
"""From how far on a clock that was set to another time is followed."""
_LOOKS = 5


class TracingClock:
    """Turns moments into times; follows a system clock that somebody sets, not its trembling."""

    def __init__(self) -> None:
        self._offset = _measured()

    def nanoseconds(self, moment: float) -> int:
        """A moment of time.monotonic(), in seconds, as nanoseconds since 1970."""
        if abs(_difference() - self._offset) > FOLLOWS_NANOSECONDS:
            self._offset = _measured()
        return self._offset + round(moment * 1e9)


def _difference() -> int:
    return time.time_ns() - time.monotonic_ns()


def _measured() -> int:
    """The clocks' difference; a wait between the two questions makes it smaller, never larger."""
    return max(_difference() for _ in range(_LOOKS))
