"""A loop that is held up says so; a loop that waits answers at once."""

import asyncio

from prometheus_client import CollectorRegistry

from services.common.loop_metrics import LoopLagCollector

NAME = "atelier_event_loop_lag_seconds"


def registry_of(loop: asyncio.AbstractEventLoop, most_seconds: float = 2.0) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(LoopLagCollector(loop, most_seconds))
    return registry


async def test_a_loop_that_only_waits_answers() -> None:
    registry = registry_of(asyncio.get_running_loop(), most_seconds=60)
    seconds = await asyncio.to_thread(registry.get_sample_value, NAME)
    assert seconds is not None
    assert 0 <= seconds < 60


def test_a_loop_that_is_held_up_has_the_longest_lag() -> None:
    loop = asyncio.new_event_loop()  # does not run, which for a question is the same
    try:
        assert registry_of(loop, most_seconds=0.01).get_sample_value(NAME) == 0.01
    finally:
        loop.close()


def test_a_closed_loop_has_no_lag() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    assert registry_of(loop).get_sample_value(NAME) is None


def test_registering_asks_nothing() -> None:
    loop = asyncio.new_event_loop()
    try:
        registry_of(loop, most_seconds=3600)
    finally:
        loop.close()
