"""A server whose methods a test writes as functions of bytes, behind the real interceptor."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from services.common.errors import error_info
from services.common.rpc import CallInterceptor
from services.common.rpc_metrics import RpcMetrics

SERVICE = "atelier.test.v1.TestService"


class Served:
    """A running server, and a channel to it."""

    def __init__(self, channel: grpc.aio.Channel, registry: CollectorRegistry) -> None:
        self.channel = channel
        self.registry = registry

    def ask(self, data: bytes = b"", **options: Any) -> Any:
        """Calls Ask, one message for one."""
        method: Any = self.channel.unary_unary(f"/{SERVICE}/Ask")
        return method(data, **options)

    def stream(self, data: bytes = b"", **options: Any) -> Any:
        """Calls Stream, which answers with many."""
        method: Any = self.channel.unary_stream(f"/{SERVICE}/Stream")
        return method(data, **options)

    def talk(self, messages: AsyncIterator[bytes], **options: Any) -> Any:
        """Calls Talk, many for many."""
        method: Any = self.channel.stream_stream(f"/{SERVICE}/Talk")
        return method(messages, **options)

    def handled(self, method: str, kind: str, code: str) -> float:
        """How many calls of the method have ended with the code."""
        labels = {
            "grpc_type": kind,
            "grpc_service": SERVICE,
            "grpc_method": method,
            "grpc_code": code,
        }
        return self.registry.get_sample_value("grpc_server_handled_total", labels) or 0.0


@asynccontextmanager
async def serving(
    *,
    ask: Callable[..., Any] | None = None,
    stream: Callable[..., Any] | None = None,
    talk: Callable[..., Any] | None = None,
) -> AsyncIterator[Served]:
    """Serves the given methods until the block ends."""
    registry = CollectorRegistry()
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    if ask is not None:
        methods["Ask"] = grpc.unary_unary_rpc_method_handler(ask)
    if stream is not None:
        methods["Stream"] = grpc.unary_stream_rpc_method_handler(stream)
    if talk is not None:
        methods["Talk"] = grpc.stream_stream_rpc_method_handler(talk)
    server = grpc.aio.server(interceptors=[CallInterceptor(RpcMetrics(registry), "test.atelier")])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Served(channel, registry)
    finally:
        await server.stop(None)


class Failure:
    """An error as a client sees it."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code = error.code()
        self.message = error.details() or ""
        self.status: status_pb2.Status | None = rpc_status.from_call(error)
        self.info: error_details_pb2.ErrorInfo = error_info(self.status)

    def detail(self, kind: Any) -> Any:
        """The detail of that kind."""
        found = kind()
        assert self.status is not None
        assert any(item.Unpack(found) for item in self.status.details)
        return found


async def failure_of(call: Any) -> Failure:
    """The error with which a call of one answer ends."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return Failure(error)
    raise AssertionError("the call has succeeded")
