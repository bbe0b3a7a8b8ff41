"""How fast a task goes, and how long it will still take. Knows steps and seconds only."""

_SMOOTHING = 0.3


class Pace:
    """Learns the time of a step while the steps pass; `now` is in seconds of any steady clock."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._seconds_per_step: float | None = None

    def step(self, now: float) -> float:
        """Notes that a step has ended; returns the seconds it took."""
        seconds, self._last = now - self._last, now
        known = self._seconds_per_step
        if known is None:
            self._seconds_per_step = seconds
        else:
            # The first step often pays for warming up; it is soon forgotten.
            self._seconds_per_step = known + _SMOOTHING * (seconds - known)
        return seconds

    def remaining_seconds(self, steps_left: int) -> float:
        """The estimate for so many further steps; 0 before the first step has ended."""
        return (self._seconds_per_step or 0.0) * max(0, steps_left)
