"""The gate as the gRPC face has it: around the handlers of all services.

Only one method goes by without a key: the standard health check of the gateway itself, since
probes have none.
"""

# grpc's classes are generic in its type stubs only.
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health
from grpc_status import rpc_status

from services.common.errors import AtelierError, to_status
from services.gateway.access.gate import Gate

log = logging.getLogger(__name__)
DOMAIN = "gateway.atelier"
_CHECK = f"/{health.SERVICE_NAME}/Check"

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]


class GatedHandlers(grpc.GenericRpcHandler):
    """All handlers of the face, each behind the gate. Their behaviours must be coroutines."""

    def __init__(self, gate: Gate, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._gate = gate
        self._handlers = handlers
        self._gated: dict[int, tuple[Handler, Handler]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """The handler of a path, gated; None for a path that nobody serves."""
        for handlers in self._handlers:
            found = handlers.service(handler_call_details)
            if found is not None:
                return self._gated_of(handler_call_details.method, found)
        return None

    def _gated_of(self, path: str, handler: Handler) -> Handler:
        """Gated once: the inner handlers are the same ones for every call."""
        known = self._gated.get(id(handler))
        if known is None:
            known = self._gated[id(handler)] = (handler, self._around(path, handler))
        return known[1]

    def _around(self, path: str, handler: Handler) -> Handler:
        behaviour, make = _parts(handler)
        gate = self._gate

        async def gated(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            if path == _CHECK and getattr(request, "service", None) == "":
                return await behaviour(request, context)
            try:
                with gate.admitted(gate.key(**shown(context.invocation_metadata()))):
                    return await behaviour(request, context)
            except AtelierError as error:
                log.info("%s refused: %s", path, error.reason)
                status = rpc_status.to_status(to_status(error, DOMAIN))
                await context.abort_with_status(status)

        return make(gated, handler.request_deserializer, handler.response_serializer)


def shown(metadata: Any) -> dict[str, str]:
    """What of a call's metadata (pairs, or None) can hold a key, as Gate.key takes it."""
    found: dict[str, str] = {}
    for key, value in metadata or ():
        if key in ("authorization", "x-api-key") and isinstance(value, str):
            found[key.replace("-", "_")] = value
    return found


def _parts(handler: Handler) -> tuple[Any, Callable[..., Handler]]:
    """The behaviour of a handler, and what makes a handler of its kind."""
    if handler.request_streaming:
        if handler.response_streaming:
            return handler.stream_stream, grpc.stream_stream_rpc_method_handler
        return handler.stream_unary, grpc.stream_unary_rpc_method_handler
    if handler.response_streaming:
        return handler.unary_stream, grpc.unary_stream_rpc_method_handler
    return handler.unary_unary, grpc.unary_unary_rpc_method_handler
