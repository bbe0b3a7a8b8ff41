"""The gRPC face: takes calls of every capability's service and hands them to the dispatcher.

Thin: it moves metadata, the remaining time, messages and the status, in both directions.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc

from services.common.rpc_tracing import traced
from services.gateway.call_failed import CallFailed
from services.gateway.dispatcher import Dispatcher, ForwardedCall, Route


class ForwardingHandler(grpc.GenericRpcHandler):
    """Serves the paths of all routes as raw bytes; leaves other services to other handlers."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._handlers = {
            path: _handler(dispatcher, route) for path, route in dispatcher.routes.items()
        }
        services = {path.split("/")[1] for path in dispatcher.routes}
        self._refusals = {service: _refusal(service, dispatcher) for service in services}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """The handler of a path; of a capability's service, also for methods it has not."""
        path = handler_call_details.method
        handler = self._handlers.get(path)
        if handler is None:
            return self._refusals.get(path.split("/")[1] if path.count("/") == 2 else "")
        return handler


def _handler(dispatcher: Dispatcher, route: Route) -> grpc.RpcMethodHandler[bytes, bytes]:
    name = route.method.name
    if name.server_streaming:
        stream = traced(route.method.path, _stream(dispatcher, route))
        if name.client_streaming:
            return grpc.stream_stream_rpc_method_handler(stream)
        return grpc.unary_stream_rpc_method_handler(stream)
    unary = traced(route.method.path, _unary(dispatcher, route))
    if name.client_streaming:
        return grpc.stream_unary_rpc_method_handler(unary)
    return grpc.unary_unary_rpc_method_handler(unary)


def _unary(dispatcher: Dispatcher, route: Route) -> Any:
    async def unary(request: Any, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        call = dispatcher.begin(route, request, *_terms(context))
        try:
            response, initial, trailing = await call.complete()
        except CallFailed as failure:
            await _abort(context, failure)
        if initial:
            await context.send_initial_metadata(initial)
        if trailing:
            context.set_trailing_metadata(trailing)
        return response

    return unary


def _stream(dispatcher: Dispatcher, route: Route) -> Any:
    async def stream(request: Any, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        try:
            async with dispatcher.begin(route, request, *_terms(context)) as call:
                await _pass_on_initial(call, context)
                while (response := await call.read()) is not None:
                    # Returns when the transport has taken it: a slow reader slows the worker.
                    await context.write(response)
                await _pass_on_trailing(call, context)
        except CallFailed as failure:
            await _abort(context, failure)
        except grpc.aio.InternalError as error:
            # A write that failed, since the caller has gone; grpcio logs anything but this.
            raise asyncio.CancelledError from error

    return stream


def _terms(
    context: grpc.aio.ServicerContext[bytes, bytes],
) -> tuple[Any, float | None]:
    return context.invocation_metadata() or (), context.time_remaining()


async def _pass_on_initial(
    call: ForwardedCall, context: grpc.aio.ServicerContext[bytes, bytes]
) -> None:
    metadata = await call.initial_metadata()
    if metadata:
        await context.send_initial_metadata(metadata)


async def _pass_on_trailing(
    call: ForwardedCall, context: grpc.aio.ServicerContext[bytes, bytes]
) -> None:
    metadata = await call.trailing_metadata()
    if metadata:
        context.set_trailing_metadata(metadata)


async def _abort(context: grpc.aio.ServicerContext[bytes, bytes], failure: CallFailed) -> NoReturn:
    await context.abort(failure.code, failure.message, tuple(failure.trailing_metadata))


def _refusal(service: str, dispatcher: Dispatcher) -> grpc.RpcMethodHandler[bytes, bytes]:
    known = [path.split("/")[2] for path in dispatcher.routes if path.split("/")[1] == service]

    async def refuse(
        _requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> None:
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{service} has no such method; it has {', '.join(known)}",
        )

    return grpc.stream_stream_rpc_method_handler(refuse)
