"""grpc.health.v1 of a worker: online or not. Says nothing of whether its tasks succeed.

grpcio's own servicer has no List, and its Watch never ends, so that one watcher would hold up
the end of the process for the whole grace time.
https://github.com/grpc/grpc/blob/master/doc/health-checking.md
"""

# The type of an enum's values exists in the type stubs only.
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from enum import Enum

from grpc_health.v1 import health_pb2

from services.common.errors import NotFound


class _Phase(Enum):
    """Where in its life the worker is."""

    STARTING = "its port may be open, but it does not serve yet"
    SERVING = "it takes calls, also while its model loads or computes"
    ENDING = "it finishes its running calls and takes no new ones"


class HealthServicer:
    """Answers for the process ("") and for its service alike. Begins as NOT_SERVING."""

    def __init__(self, service: str) -> None:
        self._names = ("", service)
        self._phase = _Phase.STARTING
        self._changed = asyncio.Event()

    def serve(self) -> None:
        """From now on the worker is SERVING."""
        self._enter(_Phase.SERVING)

    def end(self) -> None:
        """From now on, and for good, the worker is NOT_SERVING; watchers are told and let go."""
        self._enter(_Phase.ENDING)

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: object
    ) -> health_pb2.HealthCheckResponse:
        """The status now. Raises NotFound for a name that the worker does not serve."""
        if request.service not in self._names:
            raise NotFound("service", request.service)
        return self._answer(request.service)

    async def List(
        self, request: health_pb2.HealthListRequest, context: object
    ) -> health_pb2.HealthListResponse:
        """The status of each name."""
        return health_pb2.HealthListResponse(
            statuses={name: self._answer(name) for name in self._names}
        )

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: object
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """The status now and whenever it changes; SERVICE_UNKNOWN for an unknown name."""
        sent: health_pb2.HealthCheckResponse | None = None
        while True:
            changed = self._changed
            answer = self._answer(request.service)
            if answer != sent:
                yield answer
                sent = answer
            elif self._phase is _Phase.ENDING:
                return
            else:
                await changed.wait()

    def _enter(self, phase: _Phase) -> None:
        if self._phase is not _Phase.ENDING:
            self._phase = phase
        self._changed.set()
        self._changed = asyncio.Event()

    def _answer(self, name: str) -> health_pb2.HealthCheckResponse:
        if name not in self._names:
            status = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        elif self._phase is _Phase.SERVING:
            status = health_pb2.HealthCheckResponse.SERVING
        else:
            status = health_pb2.HealthCheckResponse.NOT_SERVING
        return health_pb2.HealthCheckResponse(status=status)
