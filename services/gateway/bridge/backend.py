"""What the bridge needs of the gateway's core. Knows neither HTTP nor how a call is forwarded."""

from collections.abc import AsyncGenerator
from typing import Protocol

from services.gateway.call_failed import CallFailed, Metadata

__all__ = ["Backend", "CallFailed", "Metadata"]


class Backend(Protocol):
    """Makes calls. A method is named as in gRPC's paths: "/atelier.llm.v1.LlmService/Chat"."""

    async def unary(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> bytes:
        """Answer with the serialised response; raise CallFailed.

        Cancelling the awaiting task cancels the call down to the worker.
        """
        ...

    def stream(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> AsyncGenerator[bytes]:
        """Yield the serialised responses; raise CallFailed at the first or any later one.

        Closing the generator cancels the call down to the worker.
        """
        ...

    def capability_of(self, service: str) -> str | None:
        """Name the capability of a service, None for the gateway's own services."""
        ...
