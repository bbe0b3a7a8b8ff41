"""The processes that the gateway is measured with: a worker that does nothing, a bare proxy.

python -m bench.peers worker PORT
python -m bench.peers proxy PORT WORKER_PORT
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc


def free_ports(*names: str) -> dict[str, int]:
    """A port for each name that nobody listens on now."""
    sockets = {name: socket.socket() for name in names}
    for probe in sockets.values():
        probe.bind(("127.0.0.1", 0))
    ports = {name: int(probe.getsockname()[1]) for name, probe in sockets.items()}
    for probe in sockets.values():
        probe.close()
    return ports


class _Worker(grpc.GenericRpcHandler):
    """Answers every unary call with its request, and a stream with as many numbers as it says."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        if handler_call_details.method.endswith("/StreamChat"):
            return grpc.unary_stream_rpc_method_handler(self._count)
        if handler_call_details.method.endswith("/Chat"):
            return grpc.unary_unary_rpc_method_handler(self._echo)
        return None

    async def _echo(self, request: bytes, _context: Any) -> bytes:
        return request

    async def _count(self, request: bytes, _context: Any) -> AsyncIterator[bytes]:
        for number in range(int(request)):
            yield str(number).encode()


class _Proxy(grpc.GenericRpcHandler):
    """Passes unary calls on with their metadata and deadline, and does nothing else."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._handlers: dict[str, Any] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        path = handler_call_details.method
        if path not in self._handlers:
            stub: Any = self._channel.unary_unary(path)

            async def forward(request: bytes, context: Any) -> bytes:
                metadata = [
                    item for item in context.invocation_metadata() if item[0] != "user-agent"
                ]
                call = stub(request, timeout=context.time_remaining(), metadata=metadata)
                response: bytes = await call
                initial = await call.initial_metadata()
                if initial:
                    await context.send_initial_metadata(initial)
                trailing = await call.trailing_metadata()
                if trailing:
                    context.set_trailing_metadata(trailing)
                return response

            self._handlers[path] = grpc.unary_unary_rpc_method_handler(forward)
        return self._handlers[path]


async def _serve(kind: str, port: int, worker_port: int) -> None:
    server = grpc.aio.server()
    if kind == "worker":
        server.add_generic_rpc_handlers((_Worker(),))
        health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    else:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{worker_port}")
        server.add_generic_rpc_handlers((_Proxy(channel),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0))
