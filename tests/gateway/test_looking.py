"""The lazy look: once, when somebody asks, shared by all who ask, and never otherwise."""

import asyncio

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from atelier.echo.v1 import echo_pb2
from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from services.gateway.record import State
from tests.support.gateways import echo_row, echo_worker, llm_row, running_gateway
from tests.support.ports import free_port


class CountingHealth(health_pb2_grpc.HealthServicer):
    """A worker's health service that counts who asks, and answers when it may."""

    def __init__(self) -> None:
        self.checks = 0
        self.status = health_pb2.HealthCheckResponse.SERVING
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def Check(self, request, context):
        self.checks += 1
        await self.may_answer.wait()
        return health_pb2.HealthCheckResponse(status=self.status)


async def counting_worker() -> tuple[grpc.aio.Server, CountingHealth, int]:
    server = grpc.aio.server()
    health = CountingHealth()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, health, port


async def test_a_thousand_simultaneous_status_requests_cause_one_check_per_capability() -> None:
    first, first_health, first_port = await counting_worker()
    second, second_health, second_port = await counting_worker()
    for health in (first_health, second_health):
        health.may_answer.clear()
    rows = (echo_row(first_port), llm_row(second_port))
    async with running_gateway(0, rows) as running:
        stub = gateway_pb2_grpc.CapabilityServiceStub(running.channel)
        requests = [
            asyncio.ensure_future(stub.ListCapabilities(gateway_pb2.ListCapabilitiesRequest()))
            for _ in range(1000)
        ]
        while not (first_health.checks and second_health.checks):
            await asyncio.sleep(0.01)
        first_health.may_answer.set()
        second_health.may_answer.set()
        answers = await asyncio.gather(*requests)
        states = {item.state for answer in answers for item in answer.capabilities}
        assert states == {"available"}
        assert (first_health.checks, second_health.checks) == (1, 1)
    await first.stop(None)
    await second.stop(None)


async def test_an_idle_system_asks_nobody_anything() -> None:
    server, health, port = await counting_worker()
    connections = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    idle_port = listener.sockets[0].getsockname()[1]
    rows = (echo_row(port), llm_row(idle_port))
    async with running_gateway(0, rows) as running:
        await asyncio.sleep(1.5)
        assert running.record.state is State.UNKNOWN
    listener.close()
    await listener.wait_closed()
    assert health.checks == 0
    assert connections == 0
    await server.stop(None)


async def test_a_look_finds_a_worker_online() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        await running.look()
        assert running.record.state is State.AVAILABLE
        assert running.record.last_success is None


async def test_a_look_finds_no_worker() -> None:
    async with running_gateway(free_port()) as running:
        await running.look()
        assert running.record.state is State.UNAVAILABLE
        assert "no worker answers" in running.record.unavailable_reason


async def test_looks_only_at_what_is_unknown_or_unavailable() -> None:
    server, health, port = await counting_worker()
    async with running_gateway(port) as running:
        for _ in range(5):
            await running.look()
        assert health.checks == 1
        assert running.probes == 1
    await server.stop(None)


async def test_a_worker_that_drains_is_not_online() -> None:
    server, health, port = await counting_worker()
    health.status = health_pb2.HealthCheckResponse.NOT_SERVING
    async with running_gateway(port) as running:
        await running.look()
        assert running.record.state is State.UNAVAILABLE
        assert "NOT_SERVING" in running.record.unavailable_reason
        health.status = health_pb2.HealthCheckResponse.SERVING
        await running.look()
        assert running.record.state is State.AVAILABLE
    await server.stop(None)


async def test_a_worker_without_the_health_service_has_answered() -> None:
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with running_gateway(port) as running:
        await running.look()
        assert running.record.state is State.AVAILABLE
    await server.stop(None)


async def test_a_worker_that_answers_late_is_offline_until_it_does() -> None:
    server, health, port = await counting_worker()
    health.may_answer.clear()
    async with running_gateway(port, probe_timeout_seconds=0.2) as running:
        await running.look()
        assert running.record.state is State.UNAVAILABLE
        assert "gives no answer within 0.2 s" in running.record.unavailable_reason
        health.may_answer.set()
        await running.until(State.AVAILABLE)
        assert health.checks == 1
    await server.stop(None)


async def test_the_first_task_triggers_the_look_and_does_not_wait_for_it() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        call = running.echo.Say(echo_pb2.EchoRequest(text="a", delay_seconds=30))
        await running.until(State.AVAILABLE)
        assert running.record.calls_running == 1
        assert running.probes == 1
        call.cancel()


async def test_one_who_asks_and_leaves_does_not_take_the_look_away_from_others() -> None:
    server, health, port = await counting_worker()
    health.may_answer.clear()
    async with running_gateway(port, probe_timeout_seconds=20.0) as running:
        leaver = asyncio.create_task(running.look())
        stayer = asyncio.create_task(running.look())
        while not health.checks:
            await asyncio.sleep(0.01)
        leaver.cancel()
        health.may_answer.set()
        await stayer
        assert running.record.state is State.AVAILABLE
        assert health.checks == 1
    await server.stop(None)
