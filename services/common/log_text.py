"""A log line for people. What stands in it may come from anywhere, and cannot look like a line.

A message keeps to its line, whatever characters it holds; what follows it is indented.
"""

import logging
from types import TracebackType

from services.common import call_id

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """Time, level, process, the call's id, who speaks, and what."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {process} [%(call_id)s] %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The line itself."""
        record.call_id = call_id.current.get()
        return plain(super().formatMessage(record))

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  # logging's name
        """The trace, each line of it indented: its error's text may have lines of its own."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"    {plain(line)}" for line in lines)


def plain(text: str) -> str:
    """The text in one line, with everything that a terminal would obey or not show spelt out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
