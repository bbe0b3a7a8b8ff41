"""Server reflection in both versions that clients ask for, v1 and v1alpha.

grpcio serves v1alpha only; v1 has the same messages under another package, so the same servicer
answers both. https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
"""

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

V1 = "grpc.reflection.v1.ServerReflection"
V1ALPHA = reflection.SERVICE_NAME


def enable(services: Iterable[str], server: grpc.aio.Server) -> None:
    """Adds reflection of `services`, which must be in the default descriptor pool."""
    _declare_v1()
    servicer = reflection.aio.ReflectionServicer([*services, V1, V1ALPHA])
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    methods = {"ServerReflectionInfo": method}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(V1, methods),))
    # Generated code adds methods in both ways, and some servers take only this one.
    server.add_registered_method_handlers(V1, methods)


def _declare_v1() -> None:
    """Puts a v1 twin of the v1alpha file into the default pool, so that v1 can be described."""
    pool = descriptor_pool.Default()
    twin = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(twin)
    text = twin.SerializeToString()
    twin = descriptor_pb2.FileDescriptorProto.FromString(text)
    twin.name = "grpc/reflection/v1/reflection.proto"
    twin.package = "grpc.reflection.v1"
    for message in twin.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = _v1(field.type_name)
    for service in twin.service:
        for method in service.method:
            method.input_type = _v1(method.input_type)
            method.output_type = _v1(method.output_type)
    # Adding the same file again is allowed and changes nothing.
    pool.AddSerializedFile(twin.SerializeToString())


def _v1(name: str) -> str:
    return name.replace(".grpc.reflection.v1alpha.", ".grpc.reflection.v1.")
