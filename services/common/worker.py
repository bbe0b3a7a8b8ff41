"""A worker process's skeleton: serve, health, reflection, metrics, drain.

Knows the life of a worker, not what it makes.
"""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from http.server import ThreadingHTTPServer
from typing import TypeVar

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import start_http_server

from services.common import logs, reflection
from services.common.grpc_options import server_options
from services.common.lane import Lane
from services.common.methods import methods_of
from services.common.process_metrics import new_registry
from services.common.rpc import CallInterceptor
from services.common.rpc_metrics import RpcMetrics
from services.common.settings import SettingsError, WorkerSettings, load_worker
from services.common.worker_metrics import WorkerMetrics

log = logging.getLogger(__name__)
Register = Callable[[grpc.aio.Server], None]
Preload = Callable[[], object]
Close = Callable[[], Awaitable[None]]
T = TypeVar("T", bound=WorkerSettings)


class Worker:
    """One capability's server. Make it, build the servicer with its parts, then serve()."""

    def __init__(self, settings: WorkerSettings, *, stages: Sequence[str]) -> None:
        self.settings = settings
        self.registry = new_registry()
        self.metrics = WorkerMetrics(self.registry, stages)
        self.lane = Lane(
            queue_size=settings.queue_size,
            metrics=self.metrics,
            time_limit_seconds=settings.task_time_limit_seconds,
        )
        self._rpc_metrics = RpcMetrics(self.registry)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self._close: Close | None = None

    def serve(
        self, register: Register, *, preload: Preload | None = None, close: Close | None = None
    ) -> None:
        """Serves until SIGTERM or SIGINT, then drains. Blocking; for __main__.

        `register` adds the servicer to the server. `preload` loads the model; it is called in a
        thread if the settings ask for it, and the worker is online meanwhile. `close` is awaited
        after the last call has ended. Exits with status 1 and one line if it cannot listen.
        """
        logs.configure(self.settings.name)
        try:
            asyncio.run(self._serve(register, preload, close))
        except SettingsError as error:
            sys.exit(f"{self.settings.name} worker: {error}")

    async def start(self, register: Register, *, close: Close | None = None) -> int:
        """Starts to serve and returns the port, which differs from the settings' if that is 0.

        Raises SettingsError if the port cannot be had.
        """
        self._close = close
        self._server = grpc.aio.server(
            interceptors=[CallInterceptor(self._rpc_metrics, f"{self.settings.name}.atelier")],
            options=server_options(self.settings.max_message_mib),
        )
        services = ("", self.settings.service)
        for service in services:
            # The servicer begins as SERVING, but nothing is served yet.
            await self._health.set(service, health_pb2.HealthCheckResponse.NOT_SERVING)
        register(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable((self.settings.service, health.SERVICE_NAME), self._server)
        self._rpc_metrics.declare(methods_of(self.settings.service))
        port = self._bind(self._server)
        await self._server.start()
        for service in services:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Says NOT_SERVING, lets running calls finish within the grace time, then cancels them."""
        await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(grace_seconds)
        await self.lane.close()
        if self._close is not None:
            await self._close()

    def _bind(self, server: grpc.aio.Server) -> int:
        address = f"{self.settings.host}:{self.settings.port}"
        try:
            return server.add_insecure_port(address)
        except RuntimeError:
            raise SettingsError(
                f"capabilities.{self.settings.name}.port",
                f"{address} cannot be listened on; it is taken or not this machine's",
            ) from None

    async def _serve(
        self, register: Register, preload: Preload | None, close: Close | None
    ) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        metrics = serve_metrics(
            self.settings.host,
            self.settings.metrics_port,
            self.registry,
            f"capabilities.{self.settings.name}.metrics_port",
        )
        port = await self.start(register, close=close)
        log.info("%s serves on port %d", self.settings.service, port)
        if preload is not None and self.settings.preload:
            # Not awaited, and a daemon thread: a worker that loads is online and can be ended.
            threading.Thread(target=_preload, args=(preload,), daemon=True).start()
        await stopping.wait()
        log.info("draining for at most %g s", self.settings.shutdown_grace_seconds)
        await self.stop(self.settings.shutdown_grace_seconds)
        metrics.shutdown()


def serve_metrics(host: str, port: int, registry: "object", key: str) -> ThreadingHTTPServer:
    """Serves /metrics of `registry` in a thread. Raises SettingsError if the port is taken."""
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)  # type: ignore[arg-type]  # CollectorRegistry
    except OSError as error:
        raise SettingsError(key, f"{host}:{port} cannot be listened on: {error.strerror}") from None
    return server  # type: ignore[return-value]  # a ThreadingHTTPServer in fact


def _preload(preload: Preload) -> None:
    try:
        preload()
    except Exception:
        log.exception("preloading failed; the first task tries again")


def settings_or_exit(name: str, cls: type[T]) -> T:
    """The worker's settings; ends the process with one line if they are wrong."""
    try:
        return load_worker(name, cls)
    except SettingsError as error:
        sys.exit(f"{name} worker: {error}")
