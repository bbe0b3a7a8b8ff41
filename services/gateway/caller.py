"""Who makes a call: the caller of the running task, as both faces have found it.

Set by the gate of a face before the call is made. Knows no keys and no limits.
"""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Somebody who calls.

    `name`: the name of the API key; "" when no keys are asked for.
    """

    name: str = ""


ANYBODY = Caller()
"""The caller of a gateway that asks for no keys."""

current: ContextVar[Caller] = ContextVar("caller", default=ANYBODY)
"""The caller of the running task."""
