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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from grpc_status import rpc_status

from services.common import call_id, tracing
from services.common.call_log import EndedCall
from services.common.cancellation import JobCancelled
from services.common.decoding import checked, tolerant
from services.common.errors import AtelierError, InternalFault, to_status
from services.common.peer import Admit
from services.common.rpc_metrics import MethodName, MethodSeries, RpcMetrics
from services.common.rpc_outcome import cancel_code, code_of
from services.common.rpc_tracing import traced

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
    Method = grpc.RpcMethodHandler[Any, Any]
    Behaviour = Callable[[Any, Context], Awaitable[Any] | AsyncGenerator[Any, None]]

log = logging.getLogger(__name__)


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
        return make(traced(path, around.call), deserializer, handler.response_serializer)


@dataclass(slots=True)
class _Sent:
    """How many messages a call has been answered with."""

    messages: int = 0


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
        metadata: Any = context.invocation_metadata()
        identity = call_id.of(metadata)
        token = call_id.current.set(identity)
        trace_token = call_id.trace.set(call_id.trace_of(metadata))
        tracing.active.current().set(tracing.CALL_ID, identity)
        began = time.monotonic()
        budget_seconds: float | None = context.time_remaining()
        self._series.start()
        code, reason, sent = grpc.StatusCode.OK, "", _Sent()
        try:
            response = await self._answer(request, context, sent)
            code = code_of(context)
            return response
        except asyncio.CancelledError:
            code = cancel_code(context, budget_seconds)
            raise
        except grpc.aio.AbortError:
            code = code_of(context)
            raise
        except AtelierError as error:
            code, reason = error.code, error.reason
            await self._abort(context, error)
        except JobCancelled:
            code = grpc.StatusCode.CANCELLED
            await context.abort(code, "the task was cancelled")
        except grpc.aio.InternalError as error:
            # A write that failed: the caller has gone, and nobody can be told. As a cancellation,
            # since grpcio logs anything else as an error.
            code = cancel_code(context, budget_seconds)
            log.debug("%s could not answer: %s", self._path, error)
            raise asyncio.CancelledError from error
        except Exception as error:
            code = grpc.StatusCode.INTERNAL
            log.exception("%s failed", self._path)
            fault = InternalFault("UNEXPECTED", f"{type(error).__name__}: {error}")
            reason = fault.reason
            await self._abort(context, fault)
        finally:
            seconds = time.monotonic() - began
            self._series.end(code, seconds)
            if log.isEnabledFor(self._level):
                ended = EndedCall(
                    identity,
                    self._path,
                    code.name,
                    seconds,
                    reason=reason,
                    peer=context.peer(),
                    responses=sent.messages,
                )
                log.log(self._level, "%s", ended.message, extra={"fields": ended.fields})
            call_id.trace.reset(trace_token)
            call_id.current.reset(token)

    async def _answer(self, request: Any, context: Context, sent: _Sent) -> Any:
        if self._admit is not None:
            self._admit(context)
        result: Any = self._behaviour(checked(request), context)
        if not inspect.isasyncgen(result):
            response = await result
            sent.messages = 1
            return response
        # Written here rather than yielded on: a cancelled call then closes the generator at once,
        # not when the garbage collector finds it.
        async with aclosing(result) as responses:
            async for response in responses:
                await context.write(response)
                sent.messages += 1
        return None

    async def _abort(self, context: Context, error: AtelierError) -> None:
        tracing.active.current().set("atelier.reason", error.reason)
        await context.abort_with_status(rpc_status.to_status(to_status(error, self._domain)))
