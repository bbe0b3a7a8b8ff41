"""Workers in processes of their own that are killed, frozen, replaced; and what the map says."""

import asyncio
from typing import Any

import grpc
import pytest

from atelier.echo.v1 import echo_pb2
from services.gateway.record import State
from services.gateway.verdict import Verdict
from tests.support.gateways import EchoProcess, RunningGateway, echo_process, running_gateway


async def say(running: RunningGateway, **fields: object) -> str:
    return str((await running.echo.Say(echo_pb2.EchoRequest(text="a", **fields))).text)


async def streaming(running: RunningGateway) -> Any:
    """A stream that has begun and would go on for a long time."""
    call = running.echo.Repeat(echo_pb2.EchoRequest(times=100_000, delay_seconds=0.01))
    await call.read()
    return call


async def end_of(call: Any) -> grpc.aio.AioRpcError:
    """Reads a stream to its end, which must be an error."""
    try:
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the stream ended well")


async def test_a_worker_killed_in_mid_stream_is_unavailable_and_the_caller_is_told() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            call = await streaming(running)
            worker.kill()
            error = await end_of(call)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert "the echo worker" in str(error.details())
            record = await running.until_judged()
            assert record.state is State.UNAVAILABLE
            assert record.verdicts[Verdict.OFFLINE] == 1
            assert record.last_failure is not None
            assert record.last_failure.code == "UNAVAILABLE"


async def test_a_worker_that_dies_while_nobody_calls_is_noticed() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            await running.look()
            worker.kill()
            record = await running.until(State.UNAVAILABLE)
            assert record.verdicts == dict.fromkeys(Verdict, 0)
            assert running.probes == 1


async def test_a_worker_that_comes_back_is_unknown_until_somebody_asks() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            with pytest.raises(grpc.aio.AioRpcError):
                await say(running, fail_code="INTERNAL")
            await running.until(State.ERROR)
            worker.kill()
            await running.until(State.UNAVAILABLE)
            with echo_process(worker.port) as successor:
                await successor.online()
                await running.until(State.UNKNOWN)
                await running.look()
                record = running.record
                assert record.state is State.AVAILABLE
                assert record.last_success is None
                assert await say(running) == "a"


async def test_the_next_task_after_a_restart_succeeds_and_turns_the_light_green() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            call = await streaming(running)
            worker.kill()
            await end_of(call)
            with echo_process(worker.port) as successor:
                await successor.online()
                await running.until(State.UNKNOWN)
                assert await say(running) == "a"
                assert (await running.until_judged()).state is State.AVAILABLE


async def test_a_frozen_worker_is_found_out_by_the_call_that_suffers() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port, keepalive_seconds=1.0) as running:
            call = await streaming(running)
            worker.freeze()
            error = await asyncio.wait_for(end_of(call), 60)
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert (await running.until_judged()).state is State.UNAVAILABLE
            worker.thaw()
            await running.until(State.UNKNOWN)
            assert await say(running) == "a"
            assert (await running.until_judged()).state is State.AVAILABLE


async def test_a_frozen_worker_does_not_stay_green_because_its_callers_are_impatient() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port, keepalive_seconds=30.0) as running:
            await say(running)
            worker.freeze()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await running.echo.Say(echo_pb2.EchoRequest(), timeout=1.2)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            record = await running.until(State.UNAVAILABLE)
            assert record.verdicts[Verdict.FAILURE] == 0
            worker.thaw()
            await running.until(State.AVAILABLE)


async def test_a_frozen_worker_that_thaws_in_time_was_never_lost() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port, keepalive_seconds=20.0) as running:
            call = await streaming(running)
            worker.freeze()
            await asyncio.sleep(1)
            worker.thaw()
            for _ in range(50):
                await call.read()
            assert running.record.state is State.AVAILABLE
            call.cancel()


async def test_a_worker_told_to_stop_is_unavailable_and_its_running_call_ends_with_a_status() -> (
    None
):
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            call = await streaming(running)
            assert worker.terminate() == 0
            await end_of(call)
            await running.until(State.UNAVAILABLE)


async def test_a_worker_that_ends_itself_under_a_task_is_offline_not_in_error() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await say(running, die=True)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            record = await running.until_judged()
            assert record.state is State.UNAVAILABLE
            assert record.verdicts[Verdict.FAILURE] == 0


async def test_the_light_tells_the_truth_through_many_restarts() -> None:
    with echo_process() as worker:
        await worker.online()
        async with running_gateway(worker.port) as running:
            port, current = worker.port, worker
            for _ in range(3):
                await running.look()
                assert running.record.state is State.AVAILABLE
                current.kill()
                await running.until(State.UNAVAILABLE)
                await running.look()
                assert running.record.state is State.UNAVAILABLE
                current = await EchoProcess(port).online()
                await running.until(State.UNKNOWN)
            current.end()
