"""One line for each finished task, in the log's own form, for the hot path of a hop.

logging builds a record, asks filters and formats for each line, which costs as much as a tenth of
forwarding the call; this writes the same line directly. Knows no service.
"""

import logging
import sys
import time
from typing import NamedTuple

from services.common import call_id
from services.common.log_json import StrayLines, heading, json_line
from services.common.settings_logs import JSON, LogSettings


class EndedCall(NamedTuple):
    """What there is to say of a call that has ended."""

    identity: str
    path: str
    """As HTTP/2 carries it, "/atelier.llm.v1.LlmService/Chat"."""
    code: str
    seconds: float
    capability: str = ""
    caller: str = ""
    """The name of its key; "" if none was asked for."""
    peer: str = ""
    """The address that it came from; "" if it is not told."""
    reason: str = ""
    """The stable word of google.rpc.ErrorInfo for why it failed."""
    responses: int | None = None
    """How many messages came back; None if they were not counted."""

    @property
    def message(self) -> str:
        """The line for people."""
        return f"{self.path} {self.code} in {self.seconds:.3f} s"

    @property
    def fields(self) -> dict[str, object]:
        """The line for programs, without what is not known."""
        fields: dict[str, object] = {
            "method": self.path[1:],
            "code": self.code,
            "duration_seconds": round(self.seconds, 6),
            "responses": self.responses,
            "reason": self.reason,
            "capability": self.capability,
            "caller": self.caller,
            "peer": self.peer,
        }
        return {key: value for key, value in fields.items() if value not in ("", None)}


class CallLog:
    """Hears of each finished task, and writes nothing: for logs that are about trouble only."""

    names_traces = False
    """Whether lines tell the caller's trace, so that it has to be found out."""

    def write(self, call: EndedCall) -> None:
        """The call has ended."""


def call_log(process: str, settings: LogSettings) -> CallLog:
    """The call log of a process, in the form that logs.configure() gives its other lines."""
    if settings.level_number > logging.INFO:
        return CallLog()
    return JsonCallLog(process) if settings.format == JSON else TextCallLog(process)


class TextCallLog(CallLog):
    """Lines for people."""

    def __init__(self, process: str) -> None:
        self._process = process
        self._second = 0
        self._stamp = ""

    def write(self, call: EndedCall) -> None:
        """Writes the line."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        # Nothing in it is free text: the path is a route's, and ids have no odd characters.
        sys.stderr.write(
            f"{self._stamp},{int((now - second) * 1000):03d} INFO {self._process} "
            f"[{call.identity}] {call.message}\n"
        )


class JsonCallLog(CallLog):
    """Lines for programs."""

    names_traces = True

    def __init__(self, process: str) -> None:
        self._process = process

    def write(self, call: EndedCall) -> None:
        """Writes the line."""
        head = heading(time.time(), "INFO", self._process, __name__, call.message)
        stream = sys.stderr.behind if isinstance(sys.stderr, StrayLines) else sys.stderr
        stream.write(json_line({**head, call_id.FIELD: call.identity, **call.fields}) + "\n")
