"""Gateways and echo workers for tests, each on a port of its own, in this process or another."""

import asyncio
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import grpc

from services.common.settings import (
    AccessSettings,
    CapabilityRow,
    GatewaySettings,
    Settings,
    TlsSettings,
)
from services.common.settings_jobs import JobSettings
from services.common.worker import Worker
from services.gateway.gateway import Gateway
from services.gateway.record import Record, State
from tests.support.echo.worker import SERVICE, EchoServicer, echo_settings, register
from tests.support.ports import free_port


def echo_row(port: int) -> CapabilityRow:
    return CapabilityRow(
        name="echo", service=SERVICE, port=port, metrics_port=0, stubs="atelier.echo.v1.echo_pb2"
    )


def llm_row(port: int) -> CapabilityRow:
    """A second capability, for tests that need one beside echo."""
    return CapabilityRow(name="llm", service="atelier.llm.v1.LlmService", port=port, metrics_port=0)


NO_KEYS = AccessSettings(keys_file="nowhere/keys.json")
"""Whoever tests here may have keys of his own."""


@dataclass
class RunningGateway:
    """A gateway with one echo capability, and a client of it."""

    gateway: Gateway
    channel: grpc.aio.Channel
    grpc_port: int
    http_port: int

    @property
    def echo(self):
        from atelier.echo.v1 import echo_pb2_grpc

        return echo_pb2_grpc.EchoServiceStub(self.channel)

    @property
    def record(self) -> Record:
        return self.gateway.health["echo"]

    @property
    def probes(self) -> int:
        return sum(sum(monitor.probes.values()) for monitor in self.gateway.monitors)

    async def look(self) -> None:
        """Asks for the status, as a person does."""
        await self.gateway.monitors[0].look()

    async def until(self, state: State) -> Record:
        """Waits for the event that brings the state."""
        with self.gateway.health.subscribe() as subscription:
            while self.record.state is not state:
                await asyncio.wait_for(subscription.changes(), 30)
        return self.record

    async def until_judged(self) -> Record:
        """Waits until no task runs or awaits its verdict."""
        with self.gateway.health.subscribe() as subscription:
            while self.record.calls_running:
                await asyncio.wait_for(subscription.changes(), 30)
        return self.record


@asynccontextmanager
async def running_gateway(
    worker_port: int,
    rows: tuple[CapabilityRow, ...] = (),
    *,
    access: AccessSettings = NO_KEYS,
    tls: TlsSettings | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    jobs: JobSettings | None = None,
    **changes: object,
) -> AsyncIterator[RunningGateway]:
    """A gateway over an echo worker at the port; `changes` are settings of the gateway.

    `credentials` are the client's, for a gateway that speaks TLS. Jobs are kept in a folder of its
    own unless `jobs` says otherwise.
    """
    with tempfile.TemporaryDirectory() as folder:
        jobs = jobs or JobSettings(folder=folder)
        settings = _settings(worker_port, rows, access, tls, jobs, changes)
        async with _serving(settings, credentials) as running:
            yield running


def _settings(
    worker_port: int,
    rows: tuple[CapabilityRow, ...],
    access: AccessSettings,
    tls: TlsSettings | None,
    jobs: JobSettings,
    changes: dict[str, object],
) -> Settings:
    values: dict[str, object] = {"grpc_port": 0, "http_port": 0, "metrics_port": 0}
    return Settings(
        gateway=GatewaySettings(**(values | changes)),  # type: ignore[arg-type]  # a test's own values
        capabilities=rows or (echo_row(worker_port),),
        access=access,
        tls=tls or TlsSettings(),
        jobs=jobs,
    )


@asynccontextmanager
async def _serving(
    settings: Settings, credentials: grpc.ChannelCredentials | None
) -> AsyncIterator[RunningGateway]:
    gateway = Gateway(settings)
    grpc_port, http_port = await gateway.start()
    async with _channel(grpc_port, credentials) as channel:
        try:
            yield RunningGateway(gateway, channel, grpc_port, http_port)
        finally:
            await channel.close()
            await gateway.stop(0.5)


def _channel(port: int, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    address = f"127.0.0.1:{port}"
    if credentials is None:
        return grpc.aio.insecure_channel(address)
    return grpc.aio.secure_channel(address, credentials)


@asynccontextmanager
async def echo_worker(port: int = 0, **changes: object) -> AsyncIterator[tuple[int, EchoServicer]]:
    """An echo worker in this process: its port and its servicer."""
    worker = Worker(echo_settings(port, **changes), stages=())
    servicer = EchoServicer()
    bound = await worker.start(register(servicer))
    try:
        yield bound, servicer
    finally:
        await worker.stop(0.2)


class EchoProcess:
    """An echo worker in a process of its own, to be killed and frozen."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.echo.worker", str(port)],
            stderr=subprocess.DEVNULL,
        )
        self.port = port

    async def online(self) -> "EchoProcess":
        """Waits until it serves."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            await asyncio.wait_for(channel.channel_ready(), 60)
        return self

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        self._process.terminate()
        return self._process.wait(30)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        if self._process.poll() is None:
            self.thaw()
            self.kill()


@contextmanager
def echo_process(port: int = 0) -> Iterator[EchoProcess]:
    """An echo worker's process, ended with the context whatever became of it."""
    process = EchoProcess(port or free_port())
    try:
        yield process
    finally:
        process.end()
