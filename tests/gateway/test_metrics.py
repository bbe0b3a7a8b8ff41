"""What Prometheus reads is the map itself, complete from the first scrape."""

import asyncio
import contextlib
import subprocess

import grpc
from prometheus_client import CollectorRegistry, generate_latest

from atelier.echo.v1 import echo_pb2
from tests.support.gateways import RunningGateway, echo_worker, running_gateway
from tests.support.ports import free_port
from tests.support.tools import required_tool

STATES = ("unknown", "available", "error", "unavailable")
VERDICTS = ("success", "failure", "neutral", "offline")


def value(running: RunningGateway, name: str, **labels: str) -> float | None:
    registry: CollectorRegistry = running.gateway.registry
    return registry.get_sample_value(name, {"capability": "echo", **labels})


def states(running: RunningGateway) -> dict[str, float | None]:
    return {state: value(running, "atelier_capability_state", state=state) for state in STATES}


async def test_every_state_is_there_and_exactly_one_holds() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        assert states(running) == {"unknown": 1, "available": 0, "error": 0, "unavailable": 0}
        await running.look()
        assert states(running) == {"unknown": 0, "available": 1, "error": 0, "unavailable": 0}


async def test_all_series_stand_at_zero_before_anything_happened() -> None:
    async with running_gateway(free_port()) as running:
        for verdict in VERDICTS:
            assert value(running, "atelier_capability_verdicts_total", verdict=verdict) == 0
        for result in ("online", "offline"):
            assert value(running, "atelier_capability_probes_total", result=result) == 0
        for state in STATES:
            assert value(running, "atelier_capability_transitions_total", state=state) == 0
        for name in ("calls_running", "consecutive_failures", "last_success_timestamp_seconds"):
            assert value(running, f"atelier_capability_{name}") == 0
        registry = running.gateway.registry
        labels = {
            "grpc_type": "unary",
            "grpc_service": "atelier.echo.v1.EchoService",
            "grpc_method": "Say",
        }
        assert registry.get_sample_value("grpc_server_started_total", labels) == 0
        for code in ("OK", "Unavailable", "InvalidArgument"):
            coded = {**labels, "grpc_code": code}
            assert registry.get_sample_value("grpc_server_handled_total", coded) == 0


async def test_counts_what_happened() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(fail_code="INTERNAL"))
        await running.until_judged()
        while value(running, "atelier_capability_probes_total", result="online") != 1:
            await asyncio.sleep(0.01)
        assert value(running, "atelier_capability_verdicts_total", verdict="success") == 1
        assert value(running, "atelier_capability_verdicts_total", verdict="failure") == 1
        assert value(running, "atelier_capability_transitions_total", state="error") == 1
        assert value(running, "atelier_capability_consecutive_failures") == 1
        for name in ("last_success", "last_failure", "state_since"):
            stamp = value(running, f"atelier_capability_{name}_timestamp_seconds")
            assert stamp is not None
            assert stamp > 1_700_000_000


async def test_a_task_is_timed_by_how_it_ended() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:

        def count(verdict: str) -> float | None:
            return value(running, "atelier_capability_task_seconds_count", verdict=verdict)

        assert [count(verdict) for verdict in VERDICTS] == [0, 0, 0, 0]
        await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        for code in ("INTERNAL", "INVALID_ARGUMENT"):
            with contextlib.suppress(grpc.aio.AioRpcError):
                await running.echo.Say(echo_pb2.EchoRequest(fail_code=code))
        await running.until_judged()
        assert [count(verdict) for verdict in VERDICTS] == [1, 1, 1, 0]


async def test_a_task_that_met_nobody_is_timed_as_offline() -> None:
    async with running_gateway(free_port()) as running:
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        await running.until_judged()
        assert value(running, "atelier_capability_task_seconds_count", verdict="offline") == 1


async def test_shows_tasks_while_they_run() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        call = running.echo.Say(echo_pb2.EchoRequest(delay_seconds=60))
        while not servicer.calls:
            await asyncio.sleep(0.01)
        assert value(running, "atelier_capability_calls_running") == 1
        call.cancel()
        await running.until_judged()
        assert value(running, "atelier_capability_calls_running") == 0


async def test_promtool_finds_nothing_to_mend() -> None:
    promtool = required_tool("promtool")
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        page = generate_latest(running.gateway.registry)
    check = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
