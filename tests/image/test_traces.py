"""The spans of a drawing in its worker: its wait, its turn, the model's loading, the file."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.collector import Collector, collecting, tracing_to
from tests.support.image_fakes import Studio, studio
from tests.support.waiting import until

DRAW = "atelier.image.v1.ImageService/GenerateImage"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running, tracing_to(running):
        yield running


@pytest.fixture
async def traced(collector: Collector) -> AsyncIterator[Studio]:
    async with studio() as running:
        yield running


async def come(collector: Collector, name: str, count: int = 1) -> None:
    """Waits for so many spans of the name, off the event loop."""
    await asyncio.to_thread(collector.until, lambda: len(collector.named(name)) == count)


async def test_a_drawing_waits_loads_works_and_is_encoded(
    collector: Collector, traced: Studio
) -> None:
    await traced.drawn(format="png")
    await come(collector, DRAW)
    for name in ("queue", "task", "encode"):
        assert collector.way_to(collector.the(name)) == [DRAW, name]
    loading = collector.the("load model")
    assert collector.way_to(loading) == [DRAW, "task", "load model"]
    assert loading.attributes["atelier.model"] == "fake"
    assert loading.attributes["atelier.device"] == "cpu"
    assert collector.the("encode").attributes["atelier.format"] == "png"
    queue, task = collector.the("queue"), collector.the("task")
    assert queue.began <= queue.ended <= task.began <= task.ended
    call = collector.the(DRAW)
    assert {span.attributes["atelier.call_id"] for span in collector.spans} == {
        call.attributes["atelier.call_id"]
    }


async def test_who_waits_has_a_wait_to_show(collector: Collector, traced: Studio) -> None:
    traced.painter.go.clear()
    first = asyncio.ensure_future(traced.drawn())
    await until(lambda: traced.painter.at_step)
    second = asyncio.ensure_future(traced.drawn())
    await until(lambda: traced.worker.lane.queued)
    leaving = traced.call()
    await until(lambda: traced.worker.lane.queued == 2)
    leaving.cancel()
    await until(lambda: traced.worker.lane.queued == 1)
    traced.painter.go.set()
    await asyncio.gather(first, second)
    await come(collector, DRAW, 3)
    await come(collector, "queue", 3)
    short, waited, left = collector.named("queue")
    done, after = collector.named("task")
    assert short.ended <= done.began
    assert waited.ended >= done.ended
    assert collector.parent_of(waited) is collector.parent_of(after)
    gone = collector.parent_of(left)
    assert gone.attributes["rpc.response.status_code"] == "CANCELLED"
    assert not gone.failed
    # Loaded once, by the first.
    assert collector.parent_of(collector.the("load model")) is done


async def test_a_drawing_that_is_stopped_is_cancelled_not_failed(
    collector: Collector, traced: Studio
) -> None:
    traced.painter.go.clear()
    call = traced.call()
    await until(lambda: traced.painter.at_step)
    call.cancel()
    await come(collector, "task")
    task = collector.the("task")
    assert (task.failed, task.attributes["atelier.cancelled"]) == (False, True)


async def test_a_drawing_that_fails_says_why(collector: Collector, traced: Studio) -> None:
    traced.painter.out_of_memory = 1
    with pytest.raises(Exception, match="not enough memory"):
        await traced.drawn()
    await come(collector, DRAW)
    assert collector.the("task").attributes["error.type"] == "GPU_OUT_OF_MEMORY"
    call = collector.the(DRAW)
    assert call.attributes["rpc.response.status_code"] == "RESOURCE_EXHAUSTED"
    assert call.attributes["atelier.reason"] == "GPU_OUT_OF_MEMORY"
