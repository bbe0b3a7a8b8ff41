"""The core as the HTTP bridge sees it: calls by path, with bytes in and out.

Forwards to the workers through the dispatcher, and answers for the gateway's own services.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from services.common.errors import AtelierError, to_status
from services.gateway.call_failed import CallFailed, Metadata
from services.gateway.dispatcher import DOMAIN, Dispatcher, Route


@dataclass(frozen=True)
class LocalMethod:
    """A method that the gateway serves itself; it must not need the call's context."""

    request_type: type[Message]
    behaviour: Callable[[Any, None], Any]
    """A coroutine function, or an async generator function for a server stream."""


class GatewayBackend:
    """Makes calls for the bridge; raises CallFailed for every end but OK."""

    def __init__(self, dispatcher: Dispatcher, local: Mapping[str, LocalMethod]) -> None:
        self._dispatcher = dispatcher
        self._local = local

    def capability_of(self, service: str) -> str | None:
        """The capability of a service; None for the gateway's own."""
        return self._dispatcher.capability_of(service)

    async def unary(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> bytes:
        """Makes a unary call. Cancelling the awaiting task cancels it down to the worker."""
        local = self._local.get(method)
        if local is not None:
            return await self._answer(local, request)
        route = self._route(method)
        call = self._dispatcher.begin(route, request, metadata, timeout_seconds)
        response, _, _ = await call.complete()
        return response

    async def stream(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> AsyncGenerator[bytes]:
        """Makes a server-streaming call. Closing the generator cancels it down to the worker."""
        local = self._local.get(method)
        if local is not None:
            async with aclosing(self._answers(local, request)) as answers:
                async for response in answers:
                    yield response
            return
        route = self._route(method)
        async with self._dispatcher.begin(route, request, metadata, timeout_seconds) as call:
            while (message := await call.read()) is not None:
                yield message

    def _route(self, method: str) -> Route:
        route = self._dispatcher.routes.get(method)
        if route is None:
            raise CallFailed(grpc.StatusCode.UNIMPLEMENTED, f"there is no method {method}")
        return route

    async def _answer(self, local: LocalMethod, request: bytes) -> bytes:
        behaviour: Callable[[Any, None], Awaitable[Message]] = local.behaviour
        try:
            response = await behaviour(local.request_type.FromString(request), None)
        except AtelierError as error:
            raise _failed(error) from error
        return response.SerializeToString()

    async def _answers(self, local: LocalMethod, request: bytes) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(
                local.behaviour(local.request_type.FromString(request), None)
            ) as responses:
                async for response in responses:
                    yield response.SerializeToString()
        except AtelierError as error:
            raise _failed(error) from error


def _failed(error: AtelierError) -> CallFailed:
    return CallFailed(error.code, error.message, details=to_status(error, DOMAIN))
