"""The spans of gRPC calls, named as OpenTelemetry's conventions have them.

https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from services.common import tracing
from services.common.rpc_outcome import cancel_code, code_of

Code = grpc.StatusCode
Call = Callable[[Any, Any], Awaitable[Any]]

_SERVERS_FAULTS = frozenset(
    (
        Code.UNKNOWN,
        Code.DEADLINE_EXCEEDED,
        Code.UNIMPLEMENTED,
        Code.INTERNAL,
        Code.UNAVAILABLE,
        Code.DATA_LOSS,
    )
)
"""What fails a server's span; all else is its caller's affair. A client's fails for all but OK."""


def attributes_of(path: str) -> dict[str, tracing.Value]:
    """What is known of a call before it begins; `path` is as HTTP/2 carries it."""
    return {"rpc.system.name": "grpc", "rpc.method": path[1:]}


def traced(path: str, call: Call) -> Call:
    """The method's coroutine function with a server's span around each call.

    The function itself if nothing is recorded, or if calls of `path` only look who is there.
    """
    if not tracing.active.records or path.startswith("/grpc."):
        return call
    attributes = attributes_of(path)

    async def around(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        budget_seconds = context.time_remaining()
        metadata: Any = context.invocation_metadata() or ()
        with tracing.active.server(path[1:], metadata, attributes) as span:
            code = Code.UNKNOWN
            try:
                response = await call(request, context)
                code = code_of(context)
                return response
            except asyncio.CancelledError:
                code = cancel_code(context, budget_seconds)
                raise
            except grpc.aio.AbortError:
                code = code_of(context)
                raise
            finally:
                came_out(span, code, failed=code in _SERVERS_FAULTS)

    return around


def came_out(span: tracing.Span, code: Code, *, failed: bool) -> None:
    """Says on a span how its call came out."""
    span.set("rpc.response.status_code", code.name)
    if failed:
        span.fail(code.name)
