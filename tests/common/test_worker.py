"""The life of a worker: it serves, it drains, and it ends with status 0 whatever still runs."""

import asyncio
import signal
import socket
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from atelier.llm.v1 import llm_pb2_grpc
from services.common.settings import SettingsError
from services.common.worker import Worker
from tests.support.common_jobs import soon
from tests.support.common_worker import (
    SERVICE,
    WorkerProcess,
    ask,
    register,
    worker_settings,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker(worker_settings(), stages=("work",))
    yield worker
    await worker.stop(0)


@pytest.fixture
async def channel(worker: Worker) -> AsyncIterator[grpc.aio.Channel]:
    port = await worker.start(register(worker))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


async def held(channel: grpc.aio.Channel, word: str) -> Any:
    """A task that has begun."""
    call: Any = llm_pb2_grpc.LlmServiceStub(channel).StreamChat(ask(word))
    assert (await soon(call.read())).text == "held"
    return call


async def status_of(channel: grpc.aio.Channel, service: str = SERVICE) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    answer = await soon(health_pb2_grpc.HealthStub(channel).Check(request))
    return int(answer.status)


# --- Serving -------------------------------------------------------------------------------------


async def test_it_serves_its_service_and_its_health(
    worker: Worker, channel: grpc.aio.Channel
) -> None:
    stub = llm_pb2_grpc.LlmServiceStub(channel)
    answer = await soon(stub.Chat(ask("count")))
    assert answer.message.content == "1 2 3"
    assert await status_of(channel) == await status_of(channel, "") == SERVING
    assert (
        worker.registry.get_sample_value(
            "grpc_server_handled_total",
            {
                "grpc_type": "unary",
                "grpc_service": SERVICE,
                "grpc_method": "Chat",
                "grpc_code": "OK",
            },
        )
        == 1
    )


async def test_health_is_answered_while_a_task_runs(channel: grpc.aio.Channel) -> None:
    call = await held(channel, "hold")
    assert await status_of(channel) == SERVING
    call.cancel()


async def test_a_client_who_leaves_frees_the_lane(
    worker: Worker, channel: grpc.aio.Channel
) -> None:
    call = await held(channel, "hold")
    call.cancel()
    answer = await soon(llm_pb2_grpc.LlmServiceStub(channel).Chat(ask("count")))
    assert answer.message.content == "1 2 3"


async def test_every_series_of_its_methods_exists_before_the_first_call(worker: Worker) -> None:
    await worker.start(register(worker))
    for code in ("OK", "Canceled", "Internal"):
        labels = {
            "grpc_type": "server_stream",
            "grpc_service": SERVICE,
            "grpc_method": "StreamChat",
            "grpc_code": code,
        }
        assert worker.registry.get_sample_value("grpc_server_handled_total", labels) == 0


async def test_a_taken_port_is_one_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        worker = Worker(worker_settings(port=port), stages=())
        with pytest.raises(SettingsError, match=rf"capabilities.llm.port: .*:{port} .*in use"):
            await worker.start(register(worker))
    await worker.stop(0)


async def test_settings_that_name_another_service_are_refused() -> None:
    worker = Worker(worker_settings(service="atelier.llm.v1.Nothing"), stages=())
    with pytest.raises(SettingsError, match=r"does not serve 'atelier\.llm\.v1\.Nothing'"):
        await worker.start(register(worker))
    await worker.stop(0)


async def test_a_worker_that_never_started_can_be_stopped() -> None:
    await soon(Worker(worker_settings(), stages=()).stop(1))


# --- Ending --------------------------------------------------------------------------------------


async def test_sigterm_lets_a_running_task_finish() -> None:
    async with WorkerProcess() as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            call = await held(channel, "finish")
            process.send(signal.SIGTERM)
            assert (await soon(call.read())).text == "finished"
            assert await soon(call.read()) is grpc.aio.EOF
            assert await call.code() is grpc.StatusCode.OK
        assert await process.ended() == 0
        assert "Traceback" not in process.errors


async def test_a_draining_worker_tells_its_watchers_and_takes_no_new_call() -> None:
    async with WorkerProcess() as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(service=SERVICE)
            )
            assert (await soon(watch.read())).status == SERVING
            call = await held(channel, "hold")
            process.send(signal.SIGTERM)
            assert (await soon(watch.read())).status == NOT_SERVING
            assert await soon(watch.read()) is grpc.aio.EOF
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await soon(llm_pb2_grpc.LlmServiceStub(channel).Chat(ask("count")))
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
            call.cancel()
        assert await process.ended() == 0


async def test_an_open_watch_does_not_hold_up_the_end() -> None:
    async with WorkerProcess(shutdown_grace_seconds=3600.0) as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert (await soon(watch.read())).status == SERVING
            process.send(signal.SIGTERM)
            assert await process.ended() == 0
        assert "Traceback" not in process.errors


async def test_the_grace_time_ends_a_task_that_goes_on() -> None:
    async with WorkerProcess(shutdown_grace_seconds=0.1) as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            call = await held(channel, "hold")
            process.send(signal.SIGTERM)
            await process.says("task ended")
            with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
                await soon(call.read())
        assert await process.ended() == 0
        assert "Traceback" not in process.errors


async def test_a_second_signal_cuts_the_grace_time_short() -> None:
    async with WorkerProcess(shutdown_grace_seconds=3600.0) as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            await held(channel, "hold")
            process.send(signal.SIGTERM)
            await process.says("draining")
            process.send(signal.SIGINT)
            await process.says("task ended")
            await process.says("closed")
            assert await process.ended() == 0
        assert "Traceback" not in process.errors


async def test_a_task_that_hears_nothing_cannot_keep_the_process_alive() -> None:
    async with WorkerProcess(shutdown_grace_seconds=0.1, last_seconds=0.1) as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            await held(channel, "hang")
            process.send(signal.SIGTERM)
            assert await process.ended() == 0
        assert "ending without it" in process.errors
        assert "Traceback" not in process.errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_worker_ends_at_once(number: signal.Signals) -> None:
    async with WorkerProcess(shutdown_grace_seconds=3600.0) as process:
        await process.serves()
        process.send(number)
        await process.says("closed")
        await process.says("returned")
        assert await process.ended() == 0
        assert "Traceback" not in process.errors


# --- Preloading, and what cannot be served -------------------------------------------------------


async def test_a_worker_that_loads_is_online_and_can_be_ended() -> None:
    async with WorkerProcess(preloading="hangs") as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            await process.says("preloading")
            assert await status_of(channel) == SERVING
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
        assert "Traceback" not in process.errors


async def test_a_worker_that_cannot_preload_serves_all_the_same() -> None:
    async with WorkerProcess(preloading="fails") as process:
        async with grpc.aio.insecure_channel(await process.serves()) as channel:
            await process.says("preloading")
            answer = await soon(llm_pb2_grpc.LlmServiceStub(channel).Chat(ask("count")))
            assert answer.message.content == "1 2 3"
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
        assert "preloading failed" in process.errors


@pytest.mark.parametrize("key", ["port", "metrics_port"])
async def test_a_taken_port_ends_the_process_with_one_line(key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with WorkerProcess(**{key: port}) as process:
            assert await process.ended() == 1
    [line] = process.errors.splitlines()
    assert line.startswith(f"llm worker: capabilities.llm.{key}: 127.0.0.1:{port} cannot be")


async def test_the_metrics_port_serves_the_registry() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with WorkerProcess(metrics_port=port) as process:
        await process.serves()
        page = await asyncio.to_thread(_read, f"http://127.0.0.1:{port}/metrics")
        assert "atelier_worker_queue_depth 0.0" in page
        assert "_created" not in page


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: bytes = answer.read()
    return text.decode()
