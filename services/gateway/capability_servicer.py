"""atelier.gateway.v1.CapabilityService: the health map for those who ask and those who watch.

Never touches the call's context, so that both faces can call it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.common.errors import NotFound
from services.gateway.capability_messages import capability_message
from services.gateway.health_map import HealthMap
from services.gateway.monitor import Monitor


class CapabilityServicer(gateway_pb2_grpc.CapabilityServiceServicer):
    """Answers from the map, after a look at what is unknown or unavailable."""

    def __init__(self, monitors: Iterable[Monitor], health: HealthMap) -> None:
        self._monitors = {monitor.name: monitor for monitor in monitors}
        self._health = health

    async def ListCapabilities(
        self, request: gateway_pb2.ListCapabilitiesRequest, context: object
    ) -> gateway_pb2.ListCapabilitiesResponse:
        """All capabilities in the order of the settings."""
        await self._look()
        return gateway_pb2.ListCapabilitiesResponse(capabilities=self._messages(self._monitors))

    async def GetCapability(
        self, request: gateway_pb2.GetCapabilityRequest, context: object
    ) -> gateway_pb2.Capability:
        """One capability. Raises NotFound for a name that is none."""
        monitor = self._monitors.get(request.name)
        if monitor is None:
            raise NotFound("capability", request.name)
        await monitor.look()
        return capability_message(monitor)

    async def WatchCapabilities(
        self, request: gateway_pb2.WatchCapabilitiesRequest, context: object
    ) -> AsyncIterator[gateway_pb2.WatchCapabilitiesResponse]:
        """All capabilities, then those that change, until the caller leaves."""
        with self._health.subscribe() as subscription:
            await self._look()
            subscription.forget()
            yield gateway_pb2.WatchCapabilitiesResponse(capabilities=self._messages(self._monitors))
            while not subscription.closed:
                names = await subscription.changes()
                if names:
                    yield gateway_pb2.WatchCapabilitiesResponse(capabilities=self._messages(names))

    async def _look(self) -> None:
        await asyncio.gather(*(monitor.look() for monitor in self._monitors.values()))

    def _messages(self, names: Iterable[str]) -> list[gateway_pb2.Capability]:
        return [capability_message(self._monitors[name]) for name in names]
