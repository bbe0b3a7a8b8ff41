"""Only real outcomes move the map: what each end of a task does to the light."""

import asyncio

import grpc
import pytest

from atelier.echo.v1 import echo_pb2
from services.gateway.record import State
from services.gateway.verdict import Verdict
from tests.support.gateways import RunningGateway, echo_worker, running_gateway
from tests.support.ports import free_port

CALLERS_FAULTS = [
    ("INVALID_ARGUMENT", "INVALID_FIELD"),
    ("OUT_OF_RANGE", ""),
    ("FAILED_PRECONDITION", ""),
    ("NOT_FOUND", ""),
    ("ALREADY_EXISTS", ""),
    ("ABORTED", ""),
    ("UNAUTHENTICATED", ""),
    ("PERMISSION_DENIED", ""),
    ("UNIMPLEMENTED", ""),
    ("CANCELLED", ""),
    ("RESOURCE_EXHAUSTED", "QUEUE_FULL"),
]
OWN_FAULTS = [
    ("UNKNOWN", ""),
    ("INTERNAL", "UNEXPECTED"),
    ("DATA_LOSS", ""),
    ("RESOURCE_EXHAUSTED", "GPU_OUT_OF_MEMORY"),
    ("DEADLINE_EXCEEDED", "TASK_TIME_LIMIT"),
    ("UNAVAILABLE", ""),
]


async def say(running: RunningGateway, **fields: object) -> grpc.StatusCode:
    """Says something through the gateway; returns how that ended."""
    timeout = fields.pop("timeout", None)
    request = echo_pb2.EchoRequest(text="a", **fields)
    try:
        await running.echo.Say(request, timeout=timeout)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def test_a_success_turns_the_light_green() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        assert await say(running) is grpc.StatusCode.OK
        record = await running.until_judged()
        assert record.state is State.AVAILABLE
        assert record.last_success is not None


@pytest.mark.parametrize(("code", "reason"), OWN_FAULTS)
async def test_the_capabilitys_own_fault_turns_the_light_red_and_says_why(
    code: str, reason: str
) -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await say(running)
        assert (await say(running, fail_code=code, fail_reason=reason)).name == code
        record = await running.until_judged()
        assert record.state is State.ERROR
        assert record.last_failure is not None
        assert (record.last_failure.code, record.last_failure.reason) == (code, reason)
        assert record.last_failure.message == "told to fail"


async def test_a_thousand_callers_faults_never_change_a_light() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        await say(running)
        since = (await running.until_judged()).since
        limit = asyncio.Semaphore(50)

        async def fail(number: int) -> None:
            code, reason = CALLERS_FAULTS[number % len(CALLERS_FAULTS)]
            async with limit:
                assert (await say(running, fail_code=code, fail_reason=reason)).name == code

        await asyncio.gather(*(fail(number) for number in range(1000)))
        record = await running.until_judged()
        assert servicer.calls == 1001
        assert record.verdicts[Verdict.NEUTRAL] == 1000
        assert (record.state, record.since) == (State.AVAILABLE, since)
        assert running.gateway.health.transitions["echo", State.AVAILABLE] == 1


async def test_a_millisecond_deadline_changes_nothing() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await say(running)
        code = await say(running, delay_seconds=5, timeout=0.001)
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        record = await running.until_judged()
        assert record.state is State.AVAILABLE
        assert record.verdicts[Verdict.FAILURE] == 0


async def test_a_callers_short_deadline_is_neutral_wherever_it_is_noticed() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await say(running)
        codes = await asyncio.gather(
            *(say(running, delay_seconds=5, timeout=0.05 + n / 200) for n in range(20))
        )
        assert set(codes) == {grpc.StatusCode.DEADLINE_EXCEEDED}
        record = await running.until_judged()
        assert record.state is State.AVAILABLE
        assert record.verdicts[Verdict.NEUTRAL] >= 19


async def test_a_cancelled_stream_changes_nothing() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        await say(running)
        call = running.echo.Repeat(echo_pb2.EchoRequest(text="a", times=1000, delay_seconds=0.05))
        assert (await call.read()).number == 0
        call.cancel()
        record = await running.until_judged()
        assert record.state is State.AVAILABLE
        assert record.verdicts[Verdict.NEUTRAL] == 1
        await asyncio.wait_for(servicer.cancelled.wait(), 10)


async def test_a_success_heals_an_error_and_a_look_does_not() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await say(running, fail_code="INTERNAL")
        await running.look()
        assert (await running.until_judged()).state is State.ERROR
        await say(running)
        assert (await running.until_judged()).state is State.AVAILABLE


async def test_a_success_of_a_method_that_is_no_task_proves_nothing() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await say(running, fail_code="INTERNAL")
        await running.echo.Describe(echo_pb2.EchoRequest(text="a"))
        record = await running.until_judged()
        assert record.state is State.ERROR
        assert record.verdicts[Verdict.SUCCESS] == 0


async def test_a_lost_connection_is_news_whatever_the_method() -> None:
    async with running_gateway(free_port()) as running:
        with pytest.raises(grpc.aio.AioRpcError):
            await running.echo.Describe(echo_pb2.EchoRequest(text="a"))
        await running.until(State.UNAVAILABLE)


async def test_a_task_is_tried_though_the_map_says_unavailable() -> None:
    port = free_port()
    async with running_gateway(port) as running:
        assert await say(running) is grpc.StatusCode.UNAVAILABLE
        await running.until(State.UNAVAILABLE)
        async with echo_worker(port):
            await running.until(State.UNKNOWN)
            assert await say(running) is grpc.StatusCode.OK
            assert (await running.until_judged()).state is State.AVAILABLE
