"""A flag that tells a running job to stop. Knows nothing of what the job does."""

import threading


class JobCancelled(Exception):
    """Raised inside a job that has been told to stop."""


class Cancellation:
    """Set once from any thread; the job looks at it at every step."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the job has been told to stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Tells the job to stop."""
        self._event.set()

    def check(self) -> None:
        """Raises JobCancelled if the job has been told to stop."""
        if self._event.is_set():
            raise JobCancelled
