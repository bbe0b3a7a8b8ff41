"""The methods of a service, read from its descriptor: their kinds, and which of them are tasks."""

from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from atelier.options.v1 import options_pb2
from services.common.rpc_metrics import MethodName


@dataclass(frozen=True)
class Method:
    """A method of a service in the default descriptor pool."""

    path: str
    """As HTTP/2 carries it, "/atelier.llm.v1.LlmService/Chat"."""
    name: MethodName
    is_task: bool
    """Whether its outcome moves the health map."""


def service_methods(service: str) -> list[Method]:
    """The methods of a service. Raises KeyError if its descriptor is not loaded."""
    descriptor = descriptor_pool.Default().FindServiceByName(service)
    return [
        Method(
            path=f"/{service}/{method.name}",
            name=MethodName(service, method.name, method.client_streaming, method.server_streaming),
            is_task=is_task(method),
        )
        for method in descriptor.methods
    ]


def is_task(method: MethodDescriptor) -> bool:
    """Whether the method's proto marks it as a task."""
    return bool(method.GetOptions().Extensions[options_pb2.task])  # type: ignore[index]  # the stub's type is too general


def methods_of(service: str) -> list[MethodName]:
    """The names of a service's methods, as metrics label them."""
    return [method.name for method in service_methods(service)]
