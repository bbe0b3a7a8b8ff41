"""A worker process's skeleton: serve, health, reflection, metrics, drain.

Knows the life of a worker, not what it makes.
"""

import asyncio
import gc
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TypeVar

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE

from services.common import logs, peer, reflection, tls, tracing
from services.common.disk_metrics import DiskCollector
from services.common.errors import AtelierError
from services.common.grpc_options import address, server_options
from services.common.health_servicer import HealthServicer
from services.common.lane import Lane
from services.common.loop_metrics import LoopLagCollector
from services.common.methods import methods_of
from services.common.models import cache_folder
from services.common.ports import require_free, serve_metrics
from services.common.process_metrics import new_registry
from services.common.rpc import CallInterceptor
from services.common.rpc_metrics import RpcMetrics
from services.common.settings import SettingsError, WorkerSettings, load_worker
from services.common.stop_signals import StopSignals
from services.common.worker_metrics import WorkerMetrics

log = logging.getLogger(__name__)
Register = Callable[[grpc.aio.Server], None]
Preload = Callable[[], object]
Close = Callable[[], Awaitable[None]]
T = TypeVar("T", bound=WorkerSettings)

LAST_SECONDS = 5.0
"""How long a job may take to see that it was cancelled when the worker ends."""


class Worker:
    """One capability's server. Make it, build the servicer with its parts, then serve()."""

    def __init__(self, settings: WorkerSettings, *, stages: Sequence[str]) -> None:
        self.settings = settings
        self.registry = new_registry(settings.name)
        self.registry.register(DiskCollector({"models": cache_folder()}))
        self.metrics = WorkerMetrics(self.registry, stages)
        self.lane = Lane(
            queue_size=settings.queue_size,
            metrics=self.metrics,
            time_limit_seconds=settings.task_time_limit_seconds,
        )
        self._rpc_metrics = RpcMetrics(self.registry)
        self._server: grpc.aio.Server | None = None
        self._health = HealthServicer(settings.service)
        self._close: Close | None = None

    def serve(
        self, register: Register, *, preload: Preload | None = None, close: Close | None = None
    ) -> None:
        """Serves until SIGTERM or SIGINT, then drains. Blocking; for __main__.

        `register` adds the servicer to the server. `preload` loads the model; it is called in a
        thread if the settings ask for it, and the worker is online meanwhile. `close` is awaited
        after the last call has ended. A second signal cuts the grace time short. Exits with
        status 1 and one line if it cannot listen.
        """
        logs.configure(self.settings.name, self.settings.logs)
        try:
            tracing.start(self.settings.telemetry, self.settings.name)
            asyncio.run(self._serve(register, preload, close))
        except SettingsError as error:
            sys.exit(f"{self.settings.name} worker: {error}")

    async def start(self, register: Register, *, close: Close | None = None) -> int:
        """Starts to serve and returns the port, which differs from the settings' if that is 0.

        Raises SettingsError if the port cannot be had, or no servicer serves the settings' service.
        """
        self._close = close
        admit = peer.only_from(self.settings.tls.gateway_name) if self._identity else None
        interceptor = CallInterceptor(self._rpc_metrics, f"{self.settings.name}.atelier", admit)
        self._server = grpc.aio.server(
            interceptors=[interceptor], options=server_options(self.settings.max_message_mib)
        )
        register(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if self.settings.access.reflection:
            reflection.enable((self.settings.service, HEALTH_SERVICE), self._server)
        self._declare_series()
        port = self._bind(self._server)
        await self._server.start()
        self._health.serve()
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Says NOT_SERVING, lets running calls finish within the grace time, then cancels them.

        Returns also if a job then does not end; the lane is busy in that case.
        """
        self._health.end()
        if self._server is not None:
            await self._server.stop(grace_seconds)
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.lane.close()
        except TimeoutError:
            log.error("a job goes on although it was cancelled; ending without it")  # noqa: TRY400  # the trace says nothing
        if self._close is not None:
            await self._close()

    @cached_property
    def _identity(self) -> tls.LiveIdentity | None:
        """What the worker shows to its gateway. Raises SettingsError if it cannot be used."""
        identity = self.settings.tls.worker
        return tls.LiveIdentity(identity) if identity else None

    def _declare_series(self) -> None:
        try:
            self._rpc_metrics.declare(methods_of(self.settings.service))
        except KeyError:
            raise SettingsError(
                f"capabilities.{self.settings.name}.service",
                f"this worker does not serve {self.settings.service!r}",
            ) from None

    def _bind(self, server: grpc.aio.Server) -> int:
        host, port = self.settings.host, self.settings.port
        key = f"capabilities.{self.settings.name}.port"
        require_free(host, port, key)
        try:
            if self._identity is None:
                return server.add_insecure_port(address(host, port))
            credentials = tls.server_credentials(self._identity)
            return server.add_secure_port(address(host, port), credentials)
        except RuntimeError as error:
            raise SettingsError(key, f"{error}; choose another") from None

    async def _serve(
        self, register: Register, preload: Preload | None, close: Close | None
    ) -> None:
        signals = StopSignals()
        self.registry.register(LoopLagCollector(asyncio.get_running_loop()))
        metrics = serve_metrics(
            self.settings.host,
            self.settings.metrics_port,
            self.registry,
            f"capabilities.{self.settings.name}.metrics_port",
            self._identity if self.settings.tls.metrics else None,
        )
        port = await self.start(register, close=close)
        log.info("%s serves on port %d", self.settings.service, port)
        # What has been imported stays. Looking through it for garbage holds up every thread, health
        # checks too, for a fifth of a second.
        gc.freeze()
        loading: threading.Thread | None = None
        if preload is not None and self.settings.preload:
            # Not awaited: a worker that loads is online and can be ended.
            loading = threading.Thread(target=_preload, args=(preload,), daemon=True)
            loading.start()
        await signals.drain.wait()
        await self._drain(signals.hurry)
        metrics.shutdown()
        tracing.stop()
        if self.lane.busy or (loading is not None and loading.is_alive()):
            _end_now()

    async def _drain(self, hurry: asyncio.Event) -> None:
        grace_seconds = self.settings.shutdown_grace_seconds
        log.info("draining for at most %g s", grace_seconds)
        stopping = asyncio.create_task(self.stop(grace_seconds))
        hurrying = asyncio.create_task(hurry.wait())
        await asyncio.wait({stopping, hurrying}, return_when=asyncio.FIRST_COMPLETED)
        if hurry.is_set() and self._server is not None:
            log.info("cancelling what still runs")
            await self._server.stop(0)
        hurrying.cancel()
        await stopping


def _preload(preload: Preload) -> None:
    try:
        preload()
    except AtelierError as error:
        log.error("preloading failed, the first task tries again: %s", error)  # noqa: TRY400  # an error that says all
    except Exception:
        log.exception("preloading failed, the first task tries again")


def _end_now() -> None:
    """Ends the process under a thread that still computes.

    Python would wait for the thread for ever, or crash under it while it takes itself apart.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def settings_or_exit(name: str, cls: type[T]) -> T:
    """The worker's settings, by which it also logs from now on; ends the process with one line if
    they are wrong.
    """
    try:
        settings = load_worker(name, cls)
    except SettingsError as error:
        sys.exit(f"{name} worker: {error}")
    logs.configure(name, settings.logs)
    return settings
