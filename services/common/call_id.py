"""The id that follows a call through every process, and the trace that its caller has begun.

Knows where the two stand in the metadata.
"""

import contextvars
import random
import re
from collections.abc import Sequence

KEY = "x-request-id"
TRACE_KEYS = ("traceparent", "tracestate")

FIELD = "call_id"
"""The id's name in structured logs and spans."""
NONE = "-"
"""Stands for the id outside of any call."""

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-.*")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""

current: contextvars.ContextVar[str] = contextvars.ContextVar("call_id", default=NONE)
"""The id of the call that this task serves."""
trace: contextvars.ContextVar[str] = contextvars.ContextVar("trace_id", default="")
"""The id of the trace that the call's caller has named; "" if there is none."""


def of(metadata: Sequence[tuple[str, str | bytes]] | None) -> str:
    """The id that the caller has given, or a new one. What could spoil a log line is refused."""
    for key, value in metadata or ():
        if key == KEY:
            text = value if isinstance(value, str) else ""
            if re.fullmatch(r"[\x21-\x7e]{1,128}", text):
                return text
    return new()


def trace_of(metadata: Sequence[tuple[str, str | bytes]] | None) -> str:
    """The id of the trace that the caller belongs to, 32 hexadecimal digits; "" if it says none."""
    for key, value in metadata or ():
        if key == TRACE_KEYS[0] and isinstance(value, str):
            found = _TRACEPARENT.fullmatch(value)
            return found[1] if found else ""
    return ""


def new() -> str:
    """A new id of 16 hexadecimal digits."""
    # No secret, only rarely the same: the operating system need not be asked for each call.
    return f"{random.getrandbits(64):016x}"
