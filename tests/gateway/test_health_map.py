"""One place changes state, and the watchers hear of it."""

import asyncio

import pytest

from services.gateway.health_map import HealthMap
from services.gateway.record import State, TaskStarted, WorkerOffline, WorkerOnline


def new_map() -> HealthMap:
    return HealthMap(["llm", "tts"], clock=lambda: 7.0)


def test_begins_with_nothing_known() -> None:
    health = new_map()
    assert [record.state for record in health.records.values()] == [State.UNKNOWN] * 2
    assert health["llm"].since == 7.0


def test_counts_how_often_a_state_is_entered() -> None:
    health = new_map()
    for event in (WorkerOnline(), WorkerOnline(), WorkerOffline("x"), WorkerOnline()):
        health.apply("llm", event)
    assert health.transitions["llm", State.AVAILABLE] == 2
    assert health.transitions["llm", State.UNAVAILABLE] == 1
    assert health.transitions["tts", State.AVAILABLE] == 0


def test_refuses_a_name_that_is_none() -> None:
    with pytest.raises(KeyError):
        new_map().apply("music", WorkerOnline())


async def test_tells_a_watcher_what_changed_each_name_once() -> None:
    health = new_map()
    with health.subscribe() as subscription:
        health.apply("tts", TaskStarted())
        health.apply("llm", WorkerOnline())
        health.apply("tts", TaskStarted())
        assert await subscription.changes() == ["tts", "llm"]


async def test_does_not_wake_a_watcher_when_nothing_changed() -> None:
    health = new_map()
    health.apply("llm", WorkerOnline())
    with health.subscribe() as subscription:
        health.apply("llm", WorkerOnline())
        waiting = asyncio.create_task(subscription.changes())
        await asyncio.sleep(0)
        assert not waiting.done()
        health.apply("llm", WorkerOffline("x"))
        assert await waiting == ["llm"]


async def test_sends_watchers_away_when_it_closes() -> None:
    health = new_map()
    with health.subscribe() as early:
        health.close()
        assert await early.changes() == []
        assert early.closed
    with health.subscribe() as late:
        assert await late.changes() == []


async def test_forgets_a_watcher_that_left() -> None:
    health = new_map()
    with health.subscribe() as gone:
        pass
    health.apply("llm", WorkerOnline())
    assert not gone._news.is_set()
