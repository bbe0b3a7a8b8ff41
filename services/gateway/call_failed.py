"""How a call ends when it does not end well, for both faces. Knows no worker and no transport."""

from collections.abc import Sequence

import grpc
from google.rpc import status_pb2

Metadata = Sequence[tuple[str, str | bytes]]


class CallFailed(Exception):
    """A call ended with another status than OK."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        details: status_pb2.Status | None = None,
        trailing_metadata: Metadata = (),
        capability: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        """google.rpc.Status with the details, if the worker or the gateway gave any."""
        self.trailing_metadata = trailing_metadata
        """All trailers, the status details included."""
        self.capability = capability
