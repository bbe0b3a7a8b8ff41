"""A call through the gateway is the call to the worker: messages, metadata, time and status."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from atelier.echo.v1 import echo_pb2, echo_pb2_grpc
from services.gateway.record import State
from tests.support.gateways import RunningGateway, echo_worker, running_gateway
from tests.support.ports import free_port


def request(text: str = "a", **fields: object) -> echo_pb2.EchoRequest:
    return echo_pb2.EchoRequest(text=text, **fields)


async def error_of(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def info_of(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return info


async def test_one_request_one_reply() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        assert (await running.echo.Say(request("hello"))).text == "hello"


async def test_a_stream_of_replies_arrives_whole_and_in_order() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = running.echo.Repeat(request(times=2000))
        assert [reply.number async for reply in call] == list(range(2000))


async def test_a_stream_of_requests_arrives_whole_and_in_order() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        words = [f"w{number}" for number in range(500)]
        reply = await running.echo.Join(iter([request(word) for word in words]))
        assert reply.text.split() == words


async def test_a_conversation_goes_both_ways_at_once() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = running.echo.Talk()
        for number in range(20):
            await call.write(request(f"w{number}"))
            assert (await call.read()).text == f"w{number}"
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("method", ["Say", "Repeat"])
async def test_metadata_is_kept_in_both_directions(method: str) -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = getattr(running.echo, method)(
            request(), metadata=(("x-mine", "1"), ("x-mine", "2"), ("traceparent", "00-ab-cd-01"))
        )
        reply = await call if method == "Say" else await anext(aiter(call))
        assert [item for item in reply.metadata if item.startswith("x-mine")] == [
            "x-mine=1",
            "x-mine=2",
        ]
        assert "traceparent=00-ab-cd-01" in reply.metadata
        assert ("x-echo-initial", "first") in tuple(await call.initial_metadata())
        assert ("x-echo-trailing", "last") in tuple(await call.trailing_metadata())


async def test_binary_trailers_are_kept() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = running.echo.Say(request())
        await call
        assert ("x-echo-bin", b"\x00\xff") in tuple(await call.trailing_metadata())


async def test_a_call_without_an_id_gets_one() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        reply = await running.echo.Say(request())
        ids = [item for item in reply.metadata if item.startswith("x-request-id=")]
        assert len(ids) == 1
        assert len(ids[0]) > len("x-request-id=") + 8


async def test_a_callers_id_is_kept_and_appears_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        reply = await running.echo.Say(request(), metadata=(("x-request-id", "mine-1"),))
        assert [item for item in reply.metadata if "request-id" in item] == ["x-request-id=mine-1"]
        await running.until_judged()
        assert "gateway [mine-1] /atelier.echo.v1.EchoService/Say OK in" in capsys.readouterr().err


async def test_the_remaining_time_travels_on() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        # gRPC rounds the time that it sends up by as much as a hundredth.
        assert 0 < (await running.echo.Say(request(), timeout=30)).remaining_seconds <= 30.3
        assert (await running.echo.Say(request())).remaining_seconds == 0


async def test_a_workers_own_failure_keeps_its_status_and_details() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        error = await error_of(
            running.echo.Say(request(fail_code="ABORTED", fail_reason="WHY_NOT"))
        )
        assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "told to fail")
        assert (info_of(error).reason, info_of(error).domain) == ("WHY_NOT", "echo.atelier")


async def test_a_failure_after_replies_comes_after_them() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = running.echo.Repeat(request(times=3, fail_code="INTERNAL", fail_reason="BROKE"))
        assert [(await call.read()).number for _ in range(3)] == [0, 1, 2]
        error = await error_of(call.read())
        assert info_of(error).reason == "BROKE"


async def test_a_worker_that_is_not_there_is_named_by_the_gateway() -> None:
    async with running_gateway(free_port()) as running:
        error = await error_of(running.echo.Say(request()))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "the echo worker at 127.0.0.1:" in str(error.details())
        info = info_of(error)
        assert (info.reason, info.domain) == ("WORKER_UNREACHABLE", "gateway.atelier")
        assert info.metadata["capability"] == "echo"


async def test_a_cancelled_call_is_cancelled_down_to_the_worker() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        call = running.echo.Say(request(delay_seconds=60))
        while not servicer.calls:
            await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait_for(servicer.cancelled.wait(), 10)


async def test_a_passed_deadline_is_passed_down_to_the_worker() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        error = await error_of(running.echo.Say(request(delay_seconds=60), timeout=0.5))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(servicer.cancelled.wait(), 10)


async def test_a_slow_reader_slows_the_worker() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        replies, size = 2000, 100_000
        call = running.echo.Repeat(request(times=replies, padding_bytes=size))
        await call.read()
        last = -1
        while servicer.written != last:  # until the worker writes no more
            last = servicer.written
            await asyncio.sleep(0.5)
        assert servicer.written < replies / 4
        numbers = [(await call.read()).number for _ in range(1, replies)]
        assert numbers == list(range(1, replies))
        assert await call.read() is grpc.aio.EOF


async def test_a_method_that_the_service_has_not_is_refused_by_name() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        sing: Any = running.channel.unary_unary("/atelier.echo.v1.EchoService/Sing")
        error = await error_of(sing(b""))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "Say, Repeat" in str(error.details())


async def test_a_service_that_is_none_is_unimplemented() -> None:
    async with running_gateway(free_port()) as running:
        for path in ("/atelier.music.v1.MusicService/Play", "/nonsense", "/"):
            call: Any = running.channel.unary_unary(path)
            error = await error_of(call(b""))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_garbage_in_a_request_is_the_callers_affair() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await running.echo.Say(request())
        say: Any = running.channel.unary_unary("/atelier.echo.v1.EchoService/Say")
        error = await error_of(say(b"\xff\xff\xff garbage"))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert info_of(error).reason == "MALFORMED_REQUEST"
        record = await running.until_judged()
        assert record.state is State.AVAILABLE


async def test_a_message_over_the_workers_limit_is_refused_with_the_setting_to_change() -> None:
    async with (
        echo_worker(max_message_mib=1) as (port, _),
        running_gateway(port, max_message_mib=1) as running,
        grpc.aio.insecure_channel(
            f"127.0.0.1:{running.grpc_port}",
            options=[("grpc.max_send_message_length", -1)],
        ) as channel,
    ):
        stub = echo_pb2_grpc.EchoServiceStub(channel)
        error = await error_of(stub.Say(request("x" * 2_000_000)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in str(error.details())
        error = await error_of(stub.Say(request(padding_bytes=2_000_000)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "max_message_mib" in str(error.details())
        record = await running.until_judged()
        assert record.consecutive_failures == 0


async def test_many_callers_get_their_own_replies() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:

        async def ask(running: RunningGateway, number: int) -> bool:
            call = running.echo.Repeat(request(f"t{number}", times=5))
            return [reply.text async for reply in call] == [f"t{number}"] * 5

        assert all(await asyncio.gather(*(ask(running, number) for number in range(100))))
        record = await running.until_judged()
        assert record.calls_running == 0
