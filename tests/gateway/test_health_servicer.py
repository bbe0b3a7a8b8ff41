"""Standard health checks read the map."""

import asyncio
import contextlib

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from atelier.echo.v1 import echo_pb2
from tests.support.echo.worker import SERVICE
from tests.support.gateways import RunningGateway, echo_worker, running_gateway
from tests.support.ports import free_port

Status = health_pb2.HealthCheckResponse


def stub_of(running: RunningGateway) -> health_pb2_grpc.HealthStub:
    return health_pb2_grpc.HealthStub(running.channel)


async def check(running: RunningGateway, service: str) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    return (await stub_of(running).Check(request)).status


async def test_the_empty_name_speaks_for_the_gateway_itself() -> None:
    async with running_gateway(free_port()) as running:
        assert await check(running, "") == Status.SERVING
        assert running.probes == 0


async def test_a_capability_that_works_is_serving() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        assert await check(running, SERVICE) == Status.SERVING


async def test_a_capability_in_error_or_away_is_not_serving() -> None:
    async with running_gateway(free_port()) as running:
        assert await check(running, SERVICE) == Status.NOT_SERVING
    async with echo_worker() as (port, _), running_gateway(port) as running:
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(fail_code="INTERNAL"))
        await running.until_judged()
        assert await check(running, SERVICE) == Status.NOT_SERVING


async def test_a_name_that_is_none_is_not_found() -> None:
    async with running_gateway(free_port()) as running:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await check(running, "music")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_lists_all() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        answer = await stub_of(running).List(health_pb2.HealthListRequest())
        assert {name: item.status for name, item in answer.statuses.items()} == {
            "": Status.SERVING,
            SERVICE: Status.SERVING,
        }


async def test_a_watch_tells_changes_of_status_only() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        watch = stub_of(running).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        assert (await watch.read()).status == Status.SERVING
        for _ in range(3):
            await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(fail_code="INTERNAL"))
        assert (await asyncio.wait_for(watch.read(), 10)).status == Status.NOT_SERVING
        watch.cancel()


async def test_a_watch_of_an_unknown_name_stays_open() -> None:
    async with running_gateway(free_port()) as running:
        watch = stub_of(running).Watch(health_pb2.HealthCheckRequest(service="music"))
        assert (await watch.read()).status == Status.SERVICE_UNKNOWN
        watch.cancel()


async def test_a_gateway_that_drains_says_so_to_its_watchers() -> None:
    async with running_gateway(free_port()) as running:
        watch = stub_of(running).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == Status.SERVING
        stopping = asyncio.create_task(running.gateway.stop(30))
        assert (await asyncio.wait_for(watch.read(), 10)).status == Status.NOT_SERVING
        assert await asyncio.wait_for(watch.read(), 10) is grpc.aio.EOF
        await asyncio.wait_for(stopping, 30)
