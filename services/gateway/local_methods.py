"""The methods of the gateway's own servicers by their paths, for the HTTP face."""

from google.protobuf import descriptor_pool, message_factory

from services.gateway.backend import LocalMethod


def local_methods(service: str, servicer: object) -> dict[str, LocalMethod]:
    """All methods of a service that is served here. Raises KeyError if it is not loaded."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    return {
        f"/{service}/{method.name}": LocalMethod(
            message_factory.GetMessageClass(method.input_type), getattr(servicer, method.name)
        )
        for method in methods
    }
