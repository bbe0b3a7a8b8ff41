"""The services that the gateway serves itself, each method with its id, log line, series, errors.

An interceptor would do the same, but grpc.aio sends every call through it, also those that are
only forwarded; here the gateway's own methods are wrapped once, and the others left alone.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import grpc

from services.common.rpc import CallInterceptor


class LocalServices(grpc.GenericRpcHandler):
    """Takes the place of a server in generated `add_..._to_server` functions."""

    def __init__(self, around: CallInterceptor) -> None:
        self._around = around
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._generic: list[grpc.GenericRpcHandler] = []

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """Takes the methods of a service."""
        for name, handler in handlers.items():
            path = f"/{service}/{name}"
            self._handlers[path] = self._around.wrap(path, handler)

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Takes methods too: stubs of an older form, google.longrunning's, come this way only."""
        self._generic.extend(handlers)

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of a path, if it is one of the gateway's own."""
        path = handler_call_details.method
        if path not in self._handlers:
            for generic in self._generic:
                handler = generic.service(handler_call_details)
                if handler is not None:
                    self._handlers[path] = self._around.wrap(path, handler)
                    break
        return self._handlers.get(path)
