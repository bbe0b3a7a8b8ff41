"""Typed calls over the bridge's Backend, for handlers of HTTP requests. Knows no capability."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from aiohttp import web
from google.protobuf.message import Message

from services.gateway.bridge import headers
from services.gateway.bridge.app import REQUEST_ID
from services.gateway.bridge.backend import Backend

M = TypeVar("M", bound=Message)


class Calls:
    """Makes calls on behalf of a request: with its id, its trace and its deadline."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def capability_of(self, service: str) -> str | None:
        """The name of the capability that has the service; None if there is none."""
        return self._backend.capability_of(service)

    async def answer(
        self,
        request: web.Request,
        method: str,
        message: Message,
        kind: type[M],
        *,
        at_most_seconds: float | None = None,
    ) -> M:
        """Makes a unary call; raises CallFailed. Cancelling cancels it down to the worker."""
        response = await self._backend.unary(
            method,
            message.SerializeToString(),
            metadata=headers.call_metadata(request.headers, request[REQUEST_ID]),
            timeout_seconds=_timeout(request, at_most_seconds),
        )
        return kind.FromString(response)

    async def events(
        self, request: web.Request, method: str, message: Message, kind: type[M]
    ) -> AsyncGenerator[M]:
        """Makes a server-streaming call; closing the generator cancels it down to the worker."""
        stream = self._backend.stream(
            method,
            message.SerializeToString(),
            metadata=headers.call_metadata(request.headers, request[REQUEST_ID]),
            timeout_seconds=_timeout(request, None),
        )
        async with aclosing(stream):
            async for response in stream:
                yield kind.FromString(response)


def _timeout(request: web.Request, at_most_seconds: float | None) -> float | None:
    given = [headers.timeout_seconds(request.headers), at_most_seconds]
    return min((seconds for seconds in given if seconds is not None), default=None)
