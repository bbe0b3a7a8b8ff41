"""What a hop through the gateway costs: CPU time of its process, against a bare proxy's.

The bare proxy is the least that a grpc.aio process can do to pass a unary call on as raw bytes.
Both proxies stand before the same worker, each in a process of its own; rounds alternate between
them, and the median of the rounds counts. CPU time is read from the processes themselves, so a
busy machine slows the run but hardly moves the figure.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from prometheus_client import CollectorRegistry

from bench.peers import free_ports
from bench.rows import Row
from services.common.methods import service_methods
from services.common.rpc_metrics import RpcMetrics
from services.common.settings import ROOT, load_settings
from services.gateway.descriptors import load_descriptors
from services.gateway.dispatcher import outgoing_metadata
from services.gateway.health_map import HealthMap
from services.gateway.monitor import Monitor
from services.gateway.record import WorkerOnline
from services.gateway.verdict import Outcome

METHOD = "/atelier.llm.v1.LlmService/Chat"
STREAM = "/atelier.llm.v1.LlmService/StreamChat"
ROUNDS = 9
CALLS_A_ROUND = 1500
CONCURRENCY = 8
_PAYLOAD = b"\x0a\x0e\x0a\x04user\x12\x06hello!"


@contextmanager
def _process(*arguments: str, env: dict[str, str] | None = None) -> Iterator[psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def _channel(port: int) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await asyncio.wait_for(channel.channel_ready(), 60)
        yield channel


async def _round(channel: grpc.aio.Channel, calls: int) -> None:
    stub: Any = channel.unary_unary(METHOD)

    async def caller() -> None:
        for _ in range(calls // CONCURRENCY):
            await stub(_PAYLOAD, timeout=60)

    await asyncio.gather(*(caller() for _ in range(CONCURRENCY)))


async def _cpu_of_a_round(process: psutil.Process, channel: grpc.aio.Channel) -> float:
    before = sum(process.cpu_times()[:2])
    await _round(channel, CALLS_A_ROUND)
    return (sum(process.cpu_times()[:2]) - before) / CALLS_A_ROUND


async def _hop(ports: dict[str, int], processes: dict[str, psutil.Process]) -> dict[str, float]:
    """Median CPU seconds per call of each proxy."""
    figures: dict[str, list[float]] = {name: [] for name in processes}
    async with _channel(ports["bare"]) as bare, _channel(ports["gateway"]) as gateway:
        channels = {"bare": bare, "gateway": gateway}
        for channel in channels.values():
            await _round(channel, 400)
        for number in range(ROUNDS):
            order = sorted(channels, reverse=bool(number % 2))
            for name in order:
                figures[name].append(await _cpu_of_a_round(processes[name], channels[name]))
    return {name: statistics.median(values) for name, values in figures.items()}


async def _lost_in_streams(port: int) -> int:
    """Messages that did not come, or came in the wrong order, out of 20 streams of 5,000."""
    async with _channel(port) as channel:
        stub: Any = channel.unary_stream(STREAM)

        async def read() -> int:
            numbers = [int(message) async for message in stub(b"5000", timeout=300)]
            return sum(number != place for place, number in enumerate(numbers)) + abs(
                5000 - len(numbers)
            )

        return sum(await asyncio.gather(*(read() for _ in range(20))))


async def _bookkeeping_seconds() -> float:
    """CPU seconds that the health map and the metrics take for one call."""
    load_descriptors(load_settings().capabilities[:1])
    health = HealthMap(["llm"])
    monitor = Monitor(
        "llm",
        "atelier.llm.v1.LlmService",
        "127.0.0.1:1",
        health,
        options=[],
        probe_timeout_seconds=1.0,
    )
    health.apply("llm", WorkerOnline())
    metrics = RpcMetrics(CollectorRegistry())
    method = next(m for m in service_methods(monitor.service) if m.path == METHOD)
    series = metrics.of(method.name)
    outcome = Outcome(grpc.StatusCode.OK)
    calls = 20_000
    began = time.process_time()
    for _ in range(calls):
        series.start()
        start = monitor.task_started()
        series.end(grpc.StatusCode.OK, 0.001)
        monitor.task_ended(start, outcome)
    taken = time.process_time() - began
    await monitor.close()
    return taken / calls


async def _start_up(port: int, began: float) -> float:
    async with _channel(port):
        return time.monotonic() - began


def _settings(folder: Path, ports: dict[str, int]) -> Path:
    text = (ROOT / "atelier.toml").read_text(encoding="utf-8")
    for old, name in (("50051", "worker"), ("50050", "gateway"), ("8080", "http")):
        text = text.replace(f"port = {old}", f"port = {ports[name]}")
    text = text.replace("metrics_port = 9400", f"metrics_port = {ports['metrics']}")
    path = folder / "atelier.toml"
    path.write_text(text, encoding="utf-8")
    tomllib.loads(text)
    return path


def run() -> list[Row]:
    """Takes all figures of the gateway; about a minute."""
    ports = free_ports("worker", "bare", "gateway", "http", "metrics")
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), ports)
        with (
            _process("-m", "bench.peers", "worker", str(ports["worker"])),
            _process(
                "-m", "bench.peers", "proxy", str(ports["bare"]), str(ports["worker"])
            ) as bare,
        ):
            began = time.monotonic()
            with _process(
                "-m", "services.gateway", env={"ATELIER_SETTINGS": str(settings)}
            ) as gateway:
                ready = asyncio.run(_start_up(ports["gateway"], began))
                hop = asyncio.run(_hop(ports, {"bare": bare, "gateway": gateway}))
                lost = asyncio.run(_lost_in_streams(ports["gateway"]))
                memory = gateway.memory_info().rss / 1e6
    bookkeeping = asyncio.run(_bookkeeping_seconds())
    identity = _metadata_seconds()
    ratio = hop["gateway"] / hop["bare"]
    return [
        Row(
            "gateway hop, CPU per unary call",
            hop["gateway"] * 1e3,
            "ms",
            "bare grpc.aio proxy",
            hop["bare"] * 1e3,
            "at most 1.1 times",
            ratio <= 1.1,
        ),
        Row(
            "health map and metrics, CPU per call",
            bookkeeping * 1e6,
            "µs",
            target="less than 10 µs",
            met=bookkeeping < 10e-6,
        ),
        Row("metadata and call id, CPU per call", identity * 1e6, "µs"),
        Row(
            "messages lost or out of order in 20 streams of 5,000",
            lost,
            "messages",
            target="none",
            met=lost == 0,
        ),
        Row("gateway, start to first answer", ready, "s", target="about 1 s", met=ready < 1.5),
        Row("gateway, resident memory", memory, "MB", target="under 100 MB", met=memory < 100),
    ]


def _metadata_seconds() -> float:
    metadata = (("user-agent", "grpc-python-asyncio/1.85.1 grpc-c/54.0.0"),)
    calls = 20_000
    began = time.process_time()
    for _ in range(calls):
        outgoing_metadata(metadata)
    return (time.process_time() - began) / calls
