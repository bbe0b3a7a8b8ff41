"""What happens around every call of a server: its id, its log line, its series, its errors.

Domain errors become status codes here and nowhere else. Knows no service.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc
from grpc_status import rpc_status

from services.common import call_id
from services.common.cancellation import JobCancelled
from services.common.errors import AtelierError, InternalFault, to_status
from services.common.rpc_metrics import MethodName, MethodSeries, RpcMetrics

log = logging.getLogger(__name__)
Handler = Callable[[Any, grpc.aio.ServicerContext], Any]


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method once; `domain` is what ErrorInfo names as the speaker."""

    def __init__(self, metrics: RpcMetrics, domain: str) -> None:
        self._metrics = metrics
        self._domain = domain
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any]]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Returns the handler of the method, wrapped; none for a method that is not served."""
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None:
            return handler
        wrapped = self._wrapped[path] = self._wrap(path, handler)
        return wrapped

    def _wrap(
        self, path: str, handler: grpc.RpcMethodHandler[Any, Any]
    ) -> grpc.RpcMethodHandler[Any, Any]:
        service, _, method = path.lstrip("/").rpartition("/")
        name = MethodName(
            service, method, handler.request_streaming, handler.response_streaming
        )
        around = _Around(path, self._metrics.of(name), self._domain)
        serializers = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.request_streaming:
            if handler.response_streaming:
                return grpc.stream_stream_rpc_method_handler(
                    around.streaming(handler.stream_stream), **serializers
                )
            return grpc.stream_unary_rpc_method_handler(
                around.unary(handler.stream_unary), **serializers
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                around.streaming(handler.unary_stream), **serializers
            )
        return grpc.unary_unary_rpc_method_handler(
            around.unary(handler.unary_unary), **serializers
        )


class _Around:
    """Runs a method's calls."""

    def __init__(self, path: str, series: MethodSeries, domain: str) -> None:
        self._path = path
        self._series = series
        self._domain = domain

    def unary(self, behaviour: Handler) -> Handler:
        async def call(request: Any, context: grpc.aio.ServicerContext) -> Any:
            return await self._run(behaviour(request, context), context)

        return call

    def streaming(self, behaviour: Handler) -> Handler:
        if not inspect.isasyncgenfunction(behaviour):
            return self.unary(behaviour)

        async def write_all(request: Any, context: grpc.aio.ServicerContext) -> None:
            # Written here rather than yielded on: a cancelled call then closes the generator
            # at once, not when the garbage collector finds it.
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    await context.write(response)

        async def call(request: Any, context: grpc.aio.ServicerContext) -> None:
            await self._run(write_all(request, context), context)

        return call

    async def _run(self, work: Awaitable[Any], context: grpc.aio.ServicerContext) -> Any:
        token = call_id.current.set(call_id.of(context.invocation_metadata()))  # type: ignore[arg-type]  # a sequence of pairs, typed more loosely
        began = time.monotonic()
        self._series.start()
        code = grpc.StatusCode.OK
        try:
            return await work
        except asyncio.CancelledError:
            code = _cancel_code(context)
            raise
        except grpc.aio.AbortError:
            code = _aborted_code(context)
            raise
        except AtelierError as error:
            code = error.code
            await self._abort(context, error)
        except JobCancelled:
            code = grpc.StatusCode.CANCELLED
            await context.abort(code, "the task was cancelled")
        except Exception as error:
            code = grpc.StatusCode.INTERNAL
            log.exception("%s failed", self._path)
            await self._abort(
                context, InternalFault("UNEXPECTED", f"{type(error).__name__}: {error}")
            )
        finally:
            seconds = time.monotonic() - began
            self._series.end(code, seconds)
            log.info("%s %s in %.3f s", self._path, code.name, seconds)
            call_id.current.reset(token)

    async def _abort(self, context: grpc.aio.ServicerContext, error: AtelierError) -> None:
        await context.abort_with_status(rpc_status.to_status(to_status(error, self._domain)))


def _cancel_code(context: grpc.aio.ServicerContext) -> grpc.StatusCode:
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:
        return grpc.StatusCode.DEADLINE_EXCEEDED
    return grpc.StatusCode.CANCELLED


def _aborted_code(context: grpc.aio.ServicerContext) -> grpc.StatusCode:
    code = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    return next((item for item in grpc.StatusCode if item.value[0] == code), grpc.StatusCode.UNKNOWN)
