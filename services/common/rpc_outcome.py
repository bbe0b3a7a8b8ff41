"""How a call of a server has come out, as its context tells it."""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]


def code_of(context: Context) -> grpc.StatusCode:
    """The code that the method has set, as a number or as it is; OK if it has set none."""
    code: Any = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    found = (item for item in grpc.StatusCode if item.value[0] == (code or 0))
    return next(found, grpc.StatusCode.UNKNOWN)


def cancel_code(context: Context, budget_seconds: float | None) -> grpc.StatusCode:
    """Whether a cancelled call has met its deadline or its caller has left.

    `budget_seconds` is the time that it had at its beginning. A client ends a call at its own
    deadline, and what it sends of that is rounded up by as much as a hundredth, so that a little of
    the time may remain here.
    """
    remaining_seconds: float | None = context.time_remaining()
    if budget_seconds is None or remaining_seconds is None:
        return grpc.StatusCode.CANCELLED
    if remaining_seconds <= 0.05 + budget_seconds / 100:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
