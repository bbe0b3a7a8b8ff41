"""A worker's health: online or not, whatever its tasks do."""

import asyncio

import pytest
from grpc_health.v1 import health_pb2

from services.common.errors import NotFound
from services.common.health_servicer import HealthServicer
from tests.support.common_jobs import soon

SERVICE = "a.B"
STATUS = health_pb2.HealthCheckResponse


def about(service: str) -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


async def status_of(health: HealthServicer, service: str = SERVICE) -> int:
    return int((await health.Check(about(service), None)).status)


async def test_it_serves_between_its_start_and_its_end() -> None:
    health = HealthServicer(SERVICE)
    assert await status_of(health) == STATUS.NOT_SERVING
    health.serve()
    assert await status_of(health) == await status_of(health, "") == STATUS.SERVING
    health.end()
    assert await status_of(health) == STATUS.NOT_SERVING


async def test_an_end_is_for_good() -> None:
    health = HealthServicer(SERVICE)
    health.end()
    health.serve()
    assert await status_of(health) == STATUS.NOT_SERVING


async def test_an_unknown_service_is_not_found() -> None:
    with pytest.raises(NotFound):
        await status_of(HealthServicer(SERVICE), "a.C")


async def test_a_list_names_the_process_and_its_service() -> None:
    health = HealthServicer(SERVICE)
    health.serve()
    answer = await health.List(health_pb2.HealthListRequest(), None)
    assert {name: item.status for name, item in answer.statuses.items()} == {
        "": STATUS.SERVING,
        SERVICE: STATUS.SERVING,
    }


async def test_watchers_are_told_each_change_and_let_go_at_the_end() -> None:
    health = HealthServicer(SERVICE)
    watch = health.Watch(about(SERVICE), None)
    assert (await soon(anext(watch))).status == STATUS.NOT_SERVING
    following = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    health.serve()
    assert (await soon(following)).status == STATUS.SERVING
    health.end()
    assert [item.status async for item in watch] == [STATUS.NOT_SERVING]


async def test_a_watcher_who_comes_too_late_is_told_and_let_go() -> None:
    health = HealthServicer(SERVICE)
    health.end()
    told = [item.status async for item in health.Watch(about(""), None)]
    assert told == [STATUS.NOT_SERVING]


async def test_an_unknown_service_can_be_watched() -> None:
    health = HealthServicer(SERVICE)
    watch = health.Watch(about("a.C"), None)
    assert (await soon(anext(watch))).status == STATUS.SERVICE_UNKNOWN
    health.end()
    assert [item async for item in watch] == []
