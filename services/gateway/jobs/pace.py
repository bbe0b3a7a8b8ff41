"""How long a capability's jobs take: who finds the queue full is told when to come back."""

_FIRST_GUESS_SECONDS = 5.0
_NEW = 0.3
_LONGEST_SECONDS = 300.0


class Pace:
    """A running mean in which newer jobs weigh more."""

    def __init__(self) -> None:
        self._mean_seconds: float | None = None

    @property
    def seconds(self) -> float:
        """When a place in the queue will be free, about: from 1 to 300 seconds."""
        mean = _FIRST_GUESS_SECONDS if self._mean_seconds is None else self._mean_seconds
        return min(_LONGEST_SECONDS, max(1.0, mean))

    def note(self, seconds: float) -> None:
        """A job has taken so long."""
        if self._mean_seconds is None:
            self._mean_seconds = seconds
        else:
            self._mean_seconds += _NEW * (seconds - self._mean_seconds)
