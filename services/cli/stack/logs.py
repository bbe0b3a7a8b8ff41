"""Prints the logs of a stack's processes, and goes on with them. Knows files, no processes."""

import os
import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

from services.cli.complaint import ComplaintError
from services.cli.stack.folder import RunFolder

LOOK_SECONDS = 0.25


def read_logs(
    folder: RunFolder, names: list[str], *, lines: int, follow: bool
) -> Generator[tuple[str, str], None, None]:
    """Yields (process, line): the last `lines` of each log, then, with `follow`, each new one.

    No names means all logs. Raises ComplaintError for a name that has no log.
    """
    known = sorted(path.stem for path in folder.logs.glob("*.log"))
    if not known:
        raise ComplaintError("there are no logs yet; start with `atelier up`")
    for name in names:
        if name not in known:
            raise ComplaintError(f"'{name}' has no log; there are {', '.join(known)}")
    tails = [_Tail(name, folder.log(name)) for name in names or known]
    try:
        for tail in tails:
            for line in tail.last(lines):
                yield tail.name, line
        while follow:
            for tail in tails:
                for line in tail.new():
                    yield tail.name, line
            time.sleep(LOOK_SECONDS)
    finally:
        for tail in tails:
            tail.close()


class _Tail:
    """The end of a log that may be rotated: when its file is another one, it is opened anew."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._file: TextIO | None = None
        self._part = ""

    def last(self, count: int) -> list[str]:
        return list(deque(self.new(), maxlen=count))

    def new(self) -> Generator[str, None, None]:
        """The whole lines that were added since the last look."""
        file = self._open()
        if file is None:
            return
        *whole, self._part = (self._part + file.read()).split("\n")
        yield from whole
        if self._rotated(file):
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> TextIO | None:
        if self._file is None and self._path.exists():
            self._file = self._path.open(encoding="utf-8", errors="replace")
        return self._file

    def _rotated(self, file: TextIO) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return True
