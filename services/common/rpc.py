"""What happens around every call of a server: its id, its log line, its series, its errors.

Domain errors become status codes here and nowhere else. Knows no service.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import grpc
from grpc_status import rpc_status

from services.common import call_id
from services.common.cancellation import JobCancelled
from services.common.decoding import checked, tolerant
from services.common.errors import AtelierError, InternalFault, to_status
from services.common.peer import Admit
from services.common.rpc_metrics import MethodName, MethodSeries, RpcMetrics

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
    Method = grpc.RpcMethodHandler[Any, Any]
    Behaviour = Callable[[Any, Context], Awaitable[Any] | AsyncGenerator[Any, None]]

log = logging.getLogger(__name__)
_UNKNOWN = grpc.StatusCode.UNKNOWN


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method once; `domain` is what ErrorInfo names as the speaker.

    Methods are coroutines or asynchronous generators. `admit` looks at each call before it begins.
    """

    def __init__(self, metrics: RpcMetrics, domain: str, admit: Admit | None = None) -> None:
        self._metrics = metrics
        self._domain = domain
        self._admit = admit
        self._wrapped: dict[str, Method] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Method | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Method | None:
        """Returns the handler of the method, wrapped; none for a method that is not served."""
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler
        wrapped = self._wrapped[path] = self.wrap(path, handler)
        return wrapped

    def wrap(self, path: str, handler: Method) -> Method:
        """The handler of the method at `path` with all this around it."""
        service, _, method = path.lstrip("/").rpartition("/")
        name = MethodName(service, method, handler.request_streaming, handler.response_streaming)
        behaviour: Any
        if handler.request_streaming:
            behaviour, make = (
                (handler.stream_stream, grpc.stream_stream_rpc_method_handler)
                if handler.response_streaming
                else (handler.stream_unary, grpc.stream_unary_rpc_method_handler)
            )
        else:
            behaviour, make = (
                (handler.unary_stream, grpc.unary_stream_rpc_method_handler)
                if handler.response_streaming
                else (handler.unary_unary, grpc.unary_unary_rpc_method_handler)
            )
        around = _Around(path, behaviour, self._metrics.of(name), self._domain, self._admit)
        deserializer = tolerant(handler.request_deserializer)
        return make(around.call, deserializer, handler.response_serializer)


class _Around:
    """Runs a method's calls."""

    def __init__(
        self,
        path: str,
        behaviour: Behaviour,
        series: MethodSeries,
        domain: str,
        admit: Admit | None,
    ) -> None:
        self._admit = admit
        self._path = path
        self._behaviour = behaviour
        self._series = series
        self._domain = domain
        # Probes come every few seconds; a log is about the work.
        self._level = logging.DEBUG if path.startswith("/grpc.") else logging.INFO

    async def call(self, request: Any, context: Context) -> Any:
        token = call_id.current.set(call_id.of(context.invocation_metadata()))  # type: ignore[arg-type]  # a sequence of pairs, typed more loosely
        began = time.monotonic()
        budget_seconds: float | None = context.time_remaining()
        self._series.start()
        code = grpc.StatusCode.OK
        try:
            response = await self._answer(request, context)
            code = _code_of(context)
            return response
        except asyncio.CancelledError:
            code = _cancel_code(context, budget_seconds)
            raise
        except grpc.aio.AbortError:
            code = _code_of(context)
            raise
        except AtelierError as error:
            code = error.code
            await self._abort(context, error)
        except JobCancelled:
            code = grpc.StatusCode.CANCELLED
            await context.abort(code, "the task was cancelled")
        except grpc.aio.InternalError as error:
            # A write that failed: the caller has gone, and nobody can be told. As a cancellation,
            # since grpcio logs anything else as an error.
            code = _cancel_code(context, budget_seconds)
            log.debug("%s could not answer: %s", self._path, error)
            raise asyncio.CancelledError from error
        except Exception as error:
            code = grpc.StatusCode.INTERNAL
            log.exception("%s failed", self._path)
            fault = InternalFault("UNEXPECTED", f"{type(error).__name__}: {error}")
            await self._abort(context, fault)
        finally:
            seconds = time.monotonic() - began
            self._series.end(code, seconds)
            log.log(self._level, "%s %s in %.3f s", self._path, code.name, seconds)
            call_id.current.reset(token)

    async def _answer(self, request: Any, context: Context) -> Any:
        if self._admit is not None:
            self._admit(context)
        result: Any = self._behaviour(checked(request), context)
        if not inspect.isasyncgen(result):
            return await result
        # Written here rather than yielded on: a cancelled call then closes the generator at once,
        # not when the garbage collector finds it.
        async with aclosing(result) as responses:
            async for response in responses:
                await context.write(response)
        return None

    async def _abort(self, context: Context, error: AtelierError) -> None:
        await context.abort_with_status(rpc_status.to_status(to_status(error, self._domain)))


def _code_of(context: Context) -> grpc.StatusCode:
    """The code that the method has set, as a number or as it is; OK if it has set none."""
    code: Any = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    return next((item for item in grpc.StatusCode if item.value[0] == (code or 0)), _UNKNOWN)


def _cancel_code(context: Context, budget_seconds: float | None) -> grpc.StatusCode:
    """Whether a cancelled call has met its deadline or its caller has left.

    A client ends a call at its own deadline, and what it sends of that is rounded up by as much
    as a hundredth, so that a little of the time may remain here.
    """
    remaining_seconds: float | None = context.time_remaining()
    if budget_seconds is None or remaining_seconds is None:
        return grpc.StatusCode.CANCELLED
    if remaining_seconds <= 0.05 + budget_seconds / 100:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED
