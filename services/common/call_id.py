"""The id that follows a call through every process. Knows where it stands in the metadata."""

import contextvars
import random
import re
from collections.abc import Sequence

KEY = "x-request-id"
TRACE_KEYS = ("traceparent", "tracestate")

current: contextvars.ContextVar[str] = contextvars.ContextVar("call_id", default="-")
"""The id of the call that this task serves; "-" outside of any."""


def of(metadata: Sequence[tuple[str, str | bytes]] | None) -> str:
    """The id that the caller has given, or a new one. What could spoil a log line is refused."""
    for key, value in metadata or ():
        if key == KEY:
            text = value if isinstance(value, str) else ""
            if re.fullmatch(r"[\x21-\x7e]{1,128}", text):
                return text
    return new()


def new() -> str:
    """A new id of 16 hexadecimal digits."""
    # No secret, only rarely the same: the operating system need not be asked for each call.
    return f"{random.getrandbits(64):016x}"
