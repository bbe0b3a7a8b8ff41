"""Turns work that reports by calling back into an iterator. Knows nothing of the work."""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from services.common.cancellation import JobCancelled

T = TypeVar("T")
_WAITING_REPORTS = 4


def relay(work: Callable[[Callable[[T], None]], None]) -> Iterator[T]:
    """Yields what `work` reports through the function that it is given.

    `work` runs in a thread of its own and waits in its report when the reader is a few reports
    behind. What it raises is raised here after its last report. When the iterator is closed, the
    next report raises JobCancelled inside the work, and close() returns when the work has ended.
    It runs in the context of the first reader: its log lines carry the same call's id.
    """
    pipe: _Pipe[T] = _Pipe()
    run = contextvars.copy_context().run
    thread = threading.Thread(target=run, args=(pipe.fill, work), name="relay", daemon=True)
    thread.start()
    try:
        yield from pipe.reports()
    finally:
        pipe.close()
        thread.join()


class _Pipe(Generic[T]):
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reports: deque[T] = deque()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False

    def fill(self, work: Callable[[Callable[[T], None]], None]) -> None:
        try:
            work(self._report)
        except BaseException as error:  # noqa: BLE001 - carried over to the reader's thread
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def reports(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._reports or self._ended)
                if not self._reports:
                    break
                report = self._reports.popleft()
                self._changed.notify_all()
            yield report
        error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _report(self, report: T) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._reports) < _WAITING_REPORTS)
            if self._closed:
                raise JobCancelled
            self._reports.append(report)
            self._changed.notify_all()
