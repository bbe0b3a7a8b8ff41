"""A real gRPC server with made-up services, and a core that makes the bridge's calls to it.

It serves by descriptors: a method answers as its behaviour says, or else with its own request.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.gateway.bridge.backend import CallFailed, Metadata

Answer = Callable[[Any], Message]
Answers = Callable[[Any], Iterator[Message]]


class Failed(Exception):
    """A behaviour ends its call with a status and its details."""

    def __init__(self, code: grpc.StatusCode, message: str, *details: Message) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def status(self) -> status_pb2.Status:
        packed = []
        for detail in self.details:
            packed.append(AnyMessage())
            packed[-1].Pack(detail)
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=packed)


@dataclass(frozen=True)
class Behaviours:
    """What methods do, by their full names; one that is missing answers with its request."""

    answers: Mapping[str, Answer]
    streams: Mapping[str, Answers]


class _Handler(grpc.GenericRpcHandler):
    def __init__(
        self, pool: DescriptorPool, services: Sequence[str], behaviours: Behaviours
    ) -> None:
        self._methods = {
            f"/{service}/{method.name}": method
            for service in services
            for method in pool.FindServiceByName(service).methods
        }
        self._behaviours = behaviours

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        method = self._methods.get(handler_call_details.method)
        if method is None:
            return None
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(self._stream(method))
        return grpc.unary_unary_rpc_method_handler(self._unary(method))

    def _unary(self, method: MethodDescriptor) -> Any:
        behaviour = self._behaviours.answers.get(method.full_name, _echo)

        async def answer(request: bytes, context: Any) -> bytes:
            try:
                return bytes(behaviour(_parsed(method, request)).SerializeToString())
            except Failed as error:
                await context.abort_with_status(rpc_status.to_status(error.status()))
                raise

        return answer

    def _stream(self, method: MethodDescriptor) -> Any:
        behaviour = self._behaviours.streams[method.full_name]

        async def answer(request: bytes, context: Any) -> AsyncIterator[bytes]:
            try:
                for message in behaviour(_parsed(method, request)):
                    yield message.SerializeToString()
            except Failed as error:
                await context.abort_with_status(rpc_status.to_status(error.status()))

        return answer


def _echo(request: Message) -> Message:
    return request


def _parsed(method: MethodDescriptor, data: bytes) -> Message:
    message: Message = message_factory.GetMessageClass(method.input_type)()
    message.ParseFromString(data)
    return message


@asynccontextmanager
async def worker(
    pool: DescriptorPool, services: Sequence[str], behaviours: Behaviours
) -> AsyncIterator[int]:
    """Serve the services, and give the port."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Handler(pool, services, behaviours),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0.1)


class GrpcBackend:
    """A core without a map: passes calls to one server."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def unary(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> bytes:
        call: Any = self._channel.unary_unary(method)
        try:
            response: bytes = await call(request, metadata=metadata, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise _failed(error) from error
        return response

    async def stream(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> AsyncGenerator[bytes]:
        begin: Any = self._channel.unary_stream(method)
        call = begin(request, metadata=metadata, timeout=timeout_seconds)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise _failed(error) from error
        finally:
            call.cancel()

    def capability_of(self, service: str) -> str | None:
        return None


def _failed(error: grpc.aio.AioRpcError) -> CallFailed:
    return CallFailed(error.code(), error.details() or "", details=rpc_status.from_call(error))
