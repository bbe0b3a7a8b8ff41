"""A key may do so much: counted over both faces, for the life of a call."""

import asyncio
from collections.abc import Awaitable

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from atelier.echo.v1 import echo_pb2
from services.common.settings import AccessSettings
from services.gateway.record import State
from services.gateway.verdict import Verdict
from tests.support.gateways import echo_worker, running_gateway
from tests.support.locked import Keys, bearer, web

SAY = echo_pb2.EchoRequest(text="a")
LONG = echo_pb2.EchoRequest(text="a", times=2, delay_seconds=60)


async def refused(call: Awaitable[object]) -> tuple[str, float]:
    """Why a call was refused for now, and for how many seconds to wait."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    status = rpc_status.from_call(caught.value)
    assert status is not None
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(retry)
    return info.reason, retry.retry_delay.ToTimedelta().total_seconds()


async def test_a_key_begins_so_many_calls_a_minute_on_both_faces_together(keys: Keys) -> None:
    secret, other = keys.add("ada", rate=2), keys.add("bob")
    async with echo_worker() as (port, _), running_gateway(port, access=keys.settings) as running:
        await running.echo.Say(SAY, metadata=bearer(secret))
        async with web(running.http_port, secret=secret) as session:
            async with session.post("/v1/echo/say", json={"text": "a"}) as answer:
                assert answer.status == 200
            async with session.post("/v1/echo/say", json={"text": "a"}) as answer:
                assert answer.status == 429
                error = (await answer.json())["error"]
                assert error["details"][0]["reason"] == "RATE_LIMITED"
                assert 0 < int(answer.headers["Retry-After"]) <= 30
        reason, seconds = await refused(running.echo.Say(SAY, metadata=bearer(secret)))
        assert reason == "RATE_LIMITED"
        assert 0 < seconds <= 30
        assert (await running.echo.Say(SAY, metadata=bearer(other))).text == "a"
        record = await running.until_judged()
        assert (record.state, record.verdicts[Verdict.NEUTRAL]) == (State.AVAILABLE, 0)


async def test_a_stream_counts_as_long_as_it_runs(keys: Keys) -> None:
    secret = keys.add("ada", concurrent=2)
    async with (
        echo_worker() as (port, servicer),
        running_gateway(port, access=keys.settings) as running,
    ):
        by_grpc = running.echo.Repeat(LONG, metadata=bearer(secret))
        async with web(running.http_port, secret=secret) as session:
            body = {"text": "a", "delay_seconds": 60}
            by_http = asyncio.create_task(session.post("/v1/echo/repeat", json=body))
            while servicer.calls < 2:
                await asyncio.sleep(0.005)
            async with session.get("/v1/echo/model") as answer:
                error = (await answer.json())["error"]
                assert (answer.status, error["details"][0]["reason"]) == (429, "TOO_MANY_CALLS")
            another = running.echo.Say(SAY, metadata=bearer(secret))
            assert await refused(another) == ("TOO_MANY_CALLS", 1.0)
            by_grpc.cancel()
            by_http.cancel()
            await running.until_judged()
            assert (await running.echo.Say(SAY, metadata=bearer(secret))).text == "a"


async def test_every_key_has_a_limit_on_calls_at_once(keys: Keys) -> None:
    secret = keys.add()
    access = AccessSettings(keys_file=str(keys.path), calls_per_caller=1)
    async with echo_worker() as (port, servicer), running_gateway(port, access=access) as running:
        long = running.echo.Repeat(LONG, metadata=bearer(secret))
        while not servicer.calls:
            await asyncio.sleep(0.005)
        another = running.echo.Say(SAY, metadata=bearer(secret))
        assert (await refused(another))[0] == "TOO_MANY_CALLS"
        long.cancel()
