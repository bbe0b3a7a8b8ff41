"""The map for those who ask and those who watch."""

import asyncio
import contextlib

import grpc
import pytest

from atelier.echo.v1 import echo_pb2
from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from tests.support.gateways import echo_row, echo_worker, llm_row, running_gateway
from tests.support.ports import free_port

LIST = gateway_pb2.ListCapabilitiesRequest()
WATCH = gateway_pb2.WatchCapabilitiesRequest()


async def test_lists_all_in_the_order_of_the_settings_with_their_evidence() -> None:
    async with (
        echo_worker() as (port, _),
        running_gateway(0, (llm_row(free_port()), echo_row(port))) as running,
    ):
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(fail_code="INTERNAL", fail_reason="WHY"))
        await running.until_judged()
        llm, echo = (await stub.ListCapabilities(LIST)).capabilities
        assert (llm.name, llm.state) == ("llm", "unavailable")
        assert llm.service == "atelier.llm.v1.LlmService"
        assert llm.unavailable_reason
        assert not llm.HasField("last_success")
        assert (echo.name, echo.state, echo.consecutive_failures) == ("echo", "error", 1)
        assert (echo.last_failure.code, echo.last_failure.reason) == ("INTERNAL", "WHY")
        assert echo.verdicts.failure == 1
        assert echo.since.seconds > 1_700_000_000


async def test_gets_one_by_name() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        capability = await stub.GetCapability(gateway_pb2.GetCapabilityRequest(name="echo"))
        assert capability.state == "available"


async def test_a_name_that_is_none_is_not_found() -> None:
    async with running_gateway(free_port()) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetCapability(gateway_pb2.GetCapabilityRequest(name="music"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert "music" in str(caught.value.details())


async def test_a_watcher_sees_all_at_once_and_then_every_change() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        watch = stub.WatchCapabilities(WATCH)
        first = await watch.read()
        assert [item.state for item in first.capabilities] == ["available"]
        await running.echo.Say(echo_pb2.EchoRequest(text="a"))
        seen = first.capabilities[0]
        while not seen.HasField("last_success"):
            seen = (await asyncio.wait_for(watch.read(), 10)).capabilities[0]
        assert seen.verdicts.success == 1
        with contextlib.suppress(grpc.aio.AioRpcError):
            await running.echo.Say(echo_pb2.EchoRequest(fail_code="DATA_LOSS"))
        while seen.state != "error":
            seen = (await asyncio.wait_for(watch.read(), 10)).capabilities[0]
        assert seen.last_failure.code == "DATA_LOSS"
        watch.cancel()


async def test_a_watch_ends_with_the_gateway() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        watch = stub.WatchCapabilities(WATCH)
        await watch.read()
        stopping = asyncio.create_task(running.gateway.stop(60))
        assert await asyncio.wait_for(watch.read(), 30) is grpc.aio.EOF
        await asyncio.wait_for(stopping, 30)
