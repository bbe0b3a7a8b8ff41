"""Requests whose bytes are no message of the method's type: the caller's mistake, not a fault.

grpcio answers them with UNKNOWN, which says that the server is broken. Here the deserializer
hands on what it could not read, and the call raises InvalidArgument.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from services.common.errors import FieldViolation, InvalidArgument


@dataclass(frozen=True)
class Undecodable:
    """Stands for a request that could not be read."""

    why: str


def tolerant(deserializer: Callable[[bytes], Any] | None) -> Callable[[bytes], Any] | None:
    """A deserializer that returns Undecodable where the given one raises DecodeError."""
    if deserializer is None:
        return None

    def read(data: bytes) -> Any:
        try:
            return deserializer(data)
        except DecodeError as error:
            return Undecodable(str(error))

    return read


def checked(request: Any) -> Any:
    """The request, or the requests of a stream. Raises InvalidArgument for an undecodable one."""
    if isinstance(request, Undecodable):
        raise InvalidArgument(FieldViolation("request", request.why), reason="MALFORMED_REQUEST")
    if hasattr(request, "__aiter__"):
        return _each_checked(request)
    return request


async def _each_checked(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield checked(request)
