"""Puts the gateway together and gives it a life: the one place that knows all its parts."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import grpc
from google.longrunning import operations_pb2_grpc
from grpc_health.v1 import health, health_pb2_grpc
from prometheus_client import CollectorRegistry

from atelier.gateway.v1 import gateway_pb2_grpc
from atelier.jobs.v1 import jobs_pb2_grpc
from services.common import reflection, tls
from services.common.api_keys import LiveKeys
from services.common.call_log import call_log
from services.common.disk_metrics import DiskCollector
from services.common.grpc_options import address, client_options, face_options
from services.common.loop_metrics import LoopLagCollector
from services.common.methods import methods_of
from services.common.ports import serve_metrics
from services.common.process_metrics import new_registry
from services.common.rpc import CallInterceptor
from services.common.rpc_metrics import RpcMetrics
from services.common.settings import (
    ROOT,
    CapabilityRow,
    GatewaySettings,
    Settings,
    SettingsError,
)
from services.common.settings_access import require_safe_faces
from services.gateway.access.gate import Gate
from services.gateway.access.grpc_gate import GatedHandlers
from services.gateway.access.metrics import GateCollector
from services.gateway.bridge.metrics import HttpMetrics
from services.gateway.capability_servicer import CapabilityServicer
from services.gateway.descriptors import load_descriptors
from services.gateway.dispatcher import DOMAIN, Dispatcher
from services.gateway.grpc_face import ForwardingHandler
from services.gateway.health_map import HealthMap
from services.gateway.health_servicer import GatewayHealthServicer
from services.gateway.http_face import http_server
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.operations_servicer import OperationsServicer
from services.gateway.jobs.servicer import JobServicer
from services.gateway.local_services import LocalServices
from services.gateway.metrics import CapabilityCollector, TaskSeconds
from services.gateway.monitor import Monitor
from services.gateway.verdict import Verdict

log = logging.getLogger(__name__)
CAPABILITY_SERVICE = "atelier.gateway.v1.CapabilityService"
JOB_SERVICE = "atelier.jobs.v1.JobService"
OPERATIONS_SERVICE = "google.longrunning.Operations"
_ADD: Mapping[str, Callable[[Any, Any], None]] = {
    CAPABILITY_SERVICE: gateway_pb2_grpc.add_CapabilityServiceServicer_to_server,
    JOB_SERVICE: jobs_pb2_grpc.add_JobServiceServicer_to_server,
    OPERATIONS_SERVICE: operations_pb2_grpc.add_OperationsServicer_to_server,
    health.SERVICE_NAME: health_pb2_grpc.add_HealthServicer_to_server,
}


class Gateway:
    """Both faces and the core. start() serves, stop() drains; serve() does both around a signal.

    Must be made on the event loop that it runs on.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for certificates or keys that cannot be used, and for an address
        on which everybody could call without having been meant to.
        """
        load_descriptors(settings.capabilities)
        self.settings = settings.gateway
        self.access = settings.access
        self.tls = settings.tls
        self._gate = _gate(settings)
        self._faces = tls.LiveIdentity(settings.tls.faces) if settings.tls.faces else None
        self.registry: CollectorRegistry = new_registry("gateway")
        names = [row.name for row in settings.capabilities]
        self.health = HealthMap(names)
        seconds = TaskSeconds(self.registry, names)
        inward = tls.LiveIdentity(settings.tls.gateway) if settings.tls.gateway else None
        self.monitors = [
            _monitor(row, self.settings, self.health, inward, seconds.of(row.name))
            for row in settings.capabilities
        ]
        rpc_metrics = RpcMetrics(self.registry)
        self.dispatcher = Dispatcher(self.monitors, rpc_metrics, call_log("gateway", settings.logs))
        self.registry.register(CapabilityCollector(self.monitors, self.health))
        self.registry.register(GateCollector(self._gate))
        self.registry.register(DiskCollector({"jobs": ROOT / settings.jobs.folder}))
        self._health_servicer = GatewayHealthServicer(self.monitors, self.health)
        self.jobs = Jobs(
            settings.jobs, self.dispatcher, self.health, JobMetrics(self.registry, names)
        )
        own = {
            CAPABILITY_SERVICE: CapabilityServicer(self.monitors, self.health),
            JOB_SERVICE: JobServicer(self.jobs),
            OPERATIONS_SERVICE: OperationsServicer(self.jobs),
        }
        self._server = self._grpc_server(rpc_metrics, own)
        self._http = http_server(
            self.settings,
            self.access,
            self.dispatcher,
            self.jobs,
            own,
            metrics=HttpMetrics(self.registry),
            gate=self._gate,
            identity=self._faces,
            serving=lambda: not self._stopping,
        )
        self._stopping = False

    async def start(self) -> tuple[int, int]:
        """Opens both faces; returns the ports of gRPC and HTTP.

        They differ from the settings' where those are 0. Raises SettingsError for a port or a
        folder that cannot be had.
        """
        for monitor in self.monitors:
            monitor.open()
        await self.jobs.start()
        grpc_port = _bind(self._server, self.settings, self._faces)
        await self._server.start()
        try:
            http_port = await self._http.start()
        except OSError as error:
            raise SettingsError(
                "gateway.http_port",
                f"{address(self.settings.host, self.settings.http_port)} cannot be listened on: "
                f"{error.strerror}",
            ) from None
        # Not before both ports are had: an attempt at a job would be lost with the gateway.
        self.jobs.go()
        self._health_servicer.set_serving(True)
        return grpc_port, http_port

    async def stop(self, grace_seconds: float) -> None:
        """Says NOT_SERVING, lets running calls finish within the grace time, then ends."""
        self._stopping = True
        self._health_servicer.set_serving(False)
        # Those who watch would watch for ever; their streams end here.
        self.health.close()
        await asyncio.gather(
            self._server.stop(grace_seconds), self._http.stop(), self.jobs.drain(grace_seconds)
        )
        await self.jobs.close()
        for monitor in self.monitors:
            await monitor.close()

    async def serve(self) -> None:
        """Serves until SIGTERM or SIGINT, then drains."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        self.registry.register(LoopLagCollector(loop))
        metrics = serve_metrics(
            self.settings.host,
            self.settings.metrics_port,
            self.registry,
            "gateway.metrics_port",
            self._faces if self.tls.metrics else None,
        )
        grpc_port, http_port = await self.start()
        log.info("gRPC on port %d, HTTP on port %d", grpc_port, http_port)
        # What start-up made stays; the collector need not look through it at every full round.
        gc.collect()
        gc.freeze()
        await stopping.wait()
        log.info("draining for at most %g s", self.settings.shutdown_grace_seconds)
        await self.stop(self.settings.shutdown_grace_seconds)
        metrics.shutdown()

    def _grpc_server(self, metrics: RpcMetrics, own: Mapping[str, object]) -> grpc.aio.Server:
        services = LocalServices(CallInterceptor(metrics, DOMAIN))
        for service, servicer in {**own, health.SERVICE_NAME: self._health_servicer}.items():
            _ADD[service](servicer, services)
            metrics.declare(methods_of(service))
        if self.access.reflection:
            names = (*self.dispatcher.services, *own, health.SERVICE_NAME)
            reflection.enable(names, cast("grpc.aio.Server", services))
        server = grpc.aio.server(options=face_options(self.settings.max_message_mib))
        handlers = (ForwardingHandler(self.dispatcher), services)
        gated = (GatedHandlers(self._gate, handlers),) if self._gate is not None else handlers
        server.add_generic_rpc_handlers(gated)
        return server


def _gate(settings: Settings) -> Gate | None:
    """The gate; None if the settings let everybody call. Raises SettingsError if they must not."""
    access = settings.access
    has_keys = _is_there(access.keys_path)
    if access.require_key and not has_keys:
        raise SettingsError(
            "access.require_key",
            f"is set, and there is no {access.keys_path}; make a key with `atelier keys add NAME`",
        )
    require_safe_faces(
        settings.gateway.host, access, keys=has_keys, client_ca=bool(settings.tls.client_ca)
    )
    if not has_keys:
        return None
    return Gate(LiveKeys(access.keys_path), calls_per_caller=access.calls_per_caller)


def _is_there(path: Path) -> bool:
    """Whether there is a file of keys; Path.exists() says no too where it may not look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        text = f"{path} cannot be looked at: {error.strerror}"
        raise SettingsError("access.keys_file", text) from None
    return True


def _monitor(
    row: CapabilityRow,
    settings: GatewaySettings,
    health: HealthMap,
    identity: tls.LiveIdentity | None,
    measure: Callable[[Verdict, float], None],
) -> Monitor:
    return Monitor(
        row.name,
        row.service,
        row.target,
        health,
        options=client_options(
            settings.max_message_mib, settings.keepalive_seconds, settings.reconnect_max_seconds
        ),
        probe_timeout_seconds=settings.probe_timeout_seconds,
        identity=identity,
        measure=measure,
    )


def _bind(
    server: grpc.aio.Server, settings: GatewaySettings, identity: tls.LiveIdentity | None
) -> int:
    place = address(settings.host, settings.grpc_port)
    try:
        if identity is None:
            return server.add_insecure_port(place)
        return server.add_secure_port(place, tls.server_credentials(identity))
    except RuntimeError:
        raise SettingsError(
            "gateway.grpc_port", f"{place} cannot be listened on; it is taken or not ours"
        ) from None
