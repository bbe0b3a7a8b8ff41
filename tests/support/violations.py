"""What a refused call says of its request."""

from collections.abc import AsyncIterable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2


async def refused_fields(call: AsyncIterable[object]) -> dict[str, str]:
    """The violations by field with which a streaming call is refused."""
    error = await failure(call)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error
    bad = error_details_pb2.BadRequest()
    for detail in _status(error).details:
        detail.Unpack(bad)
    return {item.field: item.description for item in bad.field_violations}


async def failure(call: AsyncIterable[object]) -> grpc.aio.AioRpcError:
    """The error with which a streaming call ends."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return caught.value


def reason(error: grpc.aio.AioRpcError) -> str:
    """The stable reason of an error."""
    info = error_details_pb2.ErrorInfo()
    for detail in _status(error).details:
        detail.Unpack(info)
    return str(info.reason)


def _status(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()
