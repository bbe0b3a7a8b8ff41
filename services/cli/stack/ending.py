"""How a person or the system asks the foreground to end: signals, and a terminal that is closed."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
TERMINAL_LOOK_MILLISECONDS = 1000


class StopRequestedError(BaseException):
    """The foreground is asked to end; derived as KeyboardInterrupt is."""


class Ending:
    """Whether the end was asked for. The first request raises, later ones must not disturb it."""

    def __init__(self) -> None:
        self.has_begun = False
        self.is_urgent = False
        """A person has pressed Ctrl-C again."""

    def request(self) -> NoReturn:
        """Raises StopRequestedError."""
        self.has_begun = True
        raise StopRequestedError

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """A closed terminal sends more than one signal; only a second Ctrl-C is haste."""
        if not self.has_begun:
            self.request()
        if number == signal.SIGINT:
            self.is_urgent = True


@contextmanager
def stop_on_signals() -> Iterator[Ending]:
    """Makes the first ending signal a StopRequestedError while the body runs."""
    ending = Ending()
    previous = {number: signal.signal(number, ending.on_signal) for number in SIGNALS}
    try:
        yield ending
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def lines_until_terminal_closes(pipe: int, ending: Ending) -> Iterator[str]:
    """Yields the lines that come through a pipe, until it is closed.

    Raises StopRequestedError when our terminal is closed: not everyone between the terminal and
    us passes its SIGHUP on (make does not).
    """
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    if sys.stdin is not None and sys.stdin.isatty():
        poll.register(sys.stdin.fileno(), 0)
    part = b""
    while True:
        # Looked at anew now and then: the kernel does not wake a sleeping poll for every way in
        # which a terminal can go.
        for descriptor, event in poll.poll(TERMINAL_LOOK_MILLISECONDS):
            if descriptor != pipe:
                if event & GONE:
                    ending.request()
                continue
            data = os.read(pipe, 65536)
            if not data:
                return
            *whole, part = (part + data).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
