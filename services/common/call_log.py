"""One line for each finished task, in the log's own form, for the hot path of a hop.

logging builds a record, asks filters and formats for each line, which costs as much as a tenth of
forwarding the call; this writes the same line directly. Knows no service.
"""

import sys
import time


class CallLog:
    """Writes to standard error, as logs.configure() has logging do."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._second = 0
        self._stamp = ""

    def write(self, identity: str, path: str, code: str, seconds: float) -> None:
        """Writes that the call `identity` of `path` has ended with `code` after `seconds`."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        sys.stderr.write(
            f"{self._stamp},{int((now - second) * 1000):03d} INFO {self._process} [{identity}] "
            f"{path} {code} in {seconds:.3f} s\n"
        )
