"""A log line for programs: one JSON object, whoever wrote it.

    {"timestamp": "2026-01-31T12:34:56.789Z", "level": "INFO", "process": "llm",
     "logger": "services.common.rpc", "message": "...", "call_id": "...", "trace_id": "..."}

Beside these stand the fields that a line brings by `extra={"fields": {...}}`. JSON escapes
whatever could end a line, so none can be forged. Values are ours or the caller's own; no line holds
headers, keys or requests.
"""

import io
import json
import logging
import threading
import time
import traceback
from collections.abc import Mapping
from typing import TextIO

from services.common import call_id, tracing


class JsonFormatter(logging.Formatter):
    """Records as objects; an error with its type, its text and its trace."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The object, without the line's end."""
        fields: dict[str, object] = dict(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            fields["exception_type"] = type(error).__name__
            fields["exception_message"] = str(error)
            fields["exception_stack"] = "".join(traceback.format_exception(error))
        line = heading(
            record.created, record.levelname, self._process, record.name, record.getMessage()
        )
        return json_line({**line, **{key: fields[key] for key in fields if key not in line}})


def heading(
    seconds: float, level: str, process: str, logger: str, message: str
) -> dict[str, object]:
    """What every object begins with; `seconds` are since 1970. Without a call, no call's id."""
    head: dict[str, object] = {
        "timestamp": rfc3339(seconds),
        "level": level,
        "process": process,
        "logger": logger,
        "message": message,
    }
    identity = call_id.current.get()
    if identity != call_id.NONE:
        head[call_id.FIELD] = identity
    span = tracing.active.ids()
    if span is not None:
        head["trace_id"], head["span_id"] = span
    elif trace_id := call_id.trace.get():
        head["trace_id"] = trace_id
    return head


def json_line(values: Mapping[str, object]) -> str:
    """One line of JSON, in ASCII, without its end; what JSON cannot hold stands as text."""
    return json.dumps(values, default=str, separators=(",", ":"))


def rfc3339(seconds: float) -> str:
    """A moment, in seconds since 1970, as UTC with milliseconds."""
    milliseconds = int(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{whole}.{milliseconds % 1000:03d}Z"


class StrayLines(io.TextIOBase):
    """Stands for standard error: what libraries print there becomes objects too, line by line.

    `behind` is the real one, for those who write whole objects.
    """

    def __init__(self, behind: TextIO, process: str) -> None:
        super().__init__()
        self.behind = behind
        self._process = process
        self._part = ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        """Writes the lines that are whole by now."""
        with self._lock:
            *lines, self._part = (self._part + text).replace("\r", "\n").split("\n")
        for line in lines:
            self._tell(line)
        return len(text)

    def flush(self) -> None:
        """Hands on what was written; a line that has no end yet waits for it."""
        self.behind.flush()

    def fileno(self) -> int:
        """The real one's, for those who write past Python."""
        return self.behind.fileno()

    def writable(self) -> bool:
        """Yes."""
        return True

    def _tell(self, line: str) -> None:
        if line.strip():
            head = heading(time.time(), "INFO", self._process, "stderr", line.rstrip())
            self.behind.write(json_line(head) + "\n")
