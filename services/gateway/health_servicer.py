"""grpc.health.v1 from the health map, so that standard probes and clients read it too.

Source: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

# The type of an enum's values exists in the type stubs only.
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.errors import NotFound
from services.gateway.health_map import HealthMap
from services.gateway.monitor import Monitor
from services.gateway.record import State

_STATUS: dict[State, health_pb2.HealthCheckResponse.ServingStatus.ValueType] = {
    State.UNKNOWN: health_pb2.HealthCheckResponse.UNKNOWN,
    State.AVAILABLE: health_pb2.HealthCheckResponse.SERVING,
    State.ERROR: health_pb2.HealthCheckResponse.NOT_SERVING,
    State.UNAVAILABLE: health_pb2.HealthCheckResponse.NOT_SERVING,
}


class GatewayHealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # untyped library
    """Speaks for the gateway itself ("") and for each capability's service."""

    def __init__(self, monitors: Iterable[Monitor], health: HealthMap) -> None:
        self._monitors = {monitor.service: monitor for monitor in monitors}
        self._health = health
        self._serving = False

    def set_serving(self, serving: bool) -> None:
        """Says whether the gateway itself serves."""
        self._serving = serving
        self._health.wake()

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: object
    ) -> health_pb2.HealthCheckResponse:
        """The status now, after a look if it is unknown. Raises NotFound for an unknown name."""
        monitor = self._monitors.get(request.service)
        if monitor is not None:
            await monitor.look()
        elif request.service:
            raise NotFound("service", request.service)
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def List(
        self, request: health_pb2.HealthListRequest, context: object
    ) -> health_pb2.HealthListResponse:
        """The statuses of the gateway and of all capabilities."""
        await asyncio.gather(*(monitor.look() for monitor in self._monitors.values()))
        return health_pb2.HealthListResponse(
            statuses={
                name: health_pb2.HealthCheckResponse(status=self._status(name))
                for name in ("", *self._monitors)
            }
        )

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: object
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """The status now and whenever it changes; SERVICE_UNKNOWN for an unknown name."""
        monitor = self._monitors.get(request.service)
        with self._health.subscribe() as subscription:
            if monitor is not None:
                await monitor.look()
            last: int | None = None
            ending = False
            while not ending:
                # Read before the status: what is said last is said after the end began.
                ending = subscription.closed
                status = self._status(request.service)
                if status != last:
                    yield health_pb2.HealthCheckResponse(status=status)
                    last = status
                await subscription.changes()

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus.ValueType:
        if not service:
            return (
                health_pb2.HealthCheckResponse.SERVING
                if self._serving
                else health_pb2.HealthCheckResponse.NOT_SERVING
            )
        monitor = self._monitors.get(service)
        if monitor is None:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        return _STATUS[monitor.record.state]
