"""A gateway and a worker as processes that can be killed, frozen and started again in no time.

They are forked from a process that has imported everything and done nothing yet.
"""

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support import kept_jobs_filmer
from tests.support.ports import free_port

_PATIENCE_SECONDS = 60.0
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    # Each of those who speak to the gateway has a connection of its own.
    ("grpc.use_local_subchannel_pool", 1),
)
GATEWAY, WORKER = "gateway", "worker"


def _forking() -> "multiprocessing.context.ForkServerContext":
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["services.gateway.gateway", kept_jobs_filmer.__name__])
    return context


def _gateway(settings: str, log: str) -> None:
    from services.gateway.__main__ import main

    _begin(log)
    os.environ["ATELIER_SETTINGS"] = settings
    main()


def _worker(port: int, told: str, log: str) -> None:
    _begin(log)
    kept_jobs_filmer.serve(port, Path(told))


def _begin(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)


class KillableStack:
    """Both processes over one folder; whatever still runs ends with killed()."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs"
        self.told = folder / "worker.told"
        self.port = free_port()
        self._worker_port = free_port()
        self._settings = folder / "atelier.toml"
        self._settings.write_text(self._text())
        self._context = _forking()
        self._processes: dict[str, ForkServerProcess] = {}
        self.gateways_began_at: list[int] = []
        """By the monotonic clock in nanoseconds."""

    def start(self, *names: str) -> None:
        """Starts those that do not run."""
        for name in names:
            if name in self._processes and self._processes[name].is_alive():
                continue
            log = str(self.folder / f"{name}.log")
            target, arguments = (
                (_gateway, (str(self._settings), log))
                if name == GATEWAY
                else (_worker, (self._worker_port, str(self.told), log))
            )
            process = self._context.Process(target=target, args=arguments, daemon=True)
            if name == GATEWAY:
                self.gateways_began_at.append(time.monotonic_ns())
            process.start()
            self._processes[name] = process

    def kill(self, *names: str) -> None:
        """kill -9, all of them at once."""
        for name in names:
            self._processes[name].kill()
        for name in names:
            self._processes[name].join(_PATIENCE_SECONDS)
            assert self._processes[name].exitcode == -signal.SIGKILL, name

    def end(self, name: str) -> None:
        """SIGTERM, and a good end."""
        self._processes[name].terminate()
        self._processes[name].join(_PATIENCE_SECONDS)
        assert self._processes[name].exitcode == 0, self.log(name)

    def freeze(self, name: str) -> None:
        os.kill(self._pid(name), signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self._pid(name), signal.SIGCONT)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def channel(self) -> grpc.aio.Channel:
        """A new connection to the gateway, whenever it is there."""
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=_CHANNEL_OPTIONS)

    async def serving(self) -> None:
        """Waits until the gateway serves."""
        async with self.channel() as channel:
            await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=_PATIENCE_SECONDS
            )

    def database(self) -> "closing[sqlite3.Connection]":
        """The jobs' database, looked at from outside; use as a context."""
        return closing(sqlite3.connect(self.jobs / "jobs.sqlite3", isolation_level=None))

    def _pid(self, name: str) -> int:
        pid = self._processes[name].pid
        assert pid is not None
        return pid

    def _text(self) -> str:
        return f"""
[gateway]
grpc_port = {self.port}
http_port = {free_port()}
metrics_port = 0
keepalive_seconds = 0.5
reconnect_max_seconds = 0.1
shutdown_grace_seconds = 5.0

[jobs]
folder = "{self.jobs}"
queue_size = 64
max_attempts = 1000
keep_count = 1000000

[access]
keys_file = "{self.folder / "keys.json"}"

[capabilities.videogen]
service = "{kept_jobs_filmer.SERVICE}"
port = {self._worker_port}
metrics_port = 0
model = "none"
"""


@contextmanager
def killable_stack(folder: Path) -> Iterator[KillableStack]:
    """A stack of which nothing runs yet."""
    stack = KillableStack(folder)
    try:
        yield stack
    finally:
        for process in stack._processes.values():
            if process.is_alive():
                process.kill()
            process.join(_PATIENCE_SECONDS)
            process.close()
