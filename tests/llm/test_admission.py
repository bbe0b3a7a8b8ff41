"""Places in the batch and before it, with calls that come and go as they like."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.common.errors import QueueFull, ShuttingDown
from services.common.worker_metrics import WorkerMetrics
from services.llm.admission import Admission, Place


class Watched(Admission):
    """An admission whose figures can be read."""

    def __init__(self, places: int, queue_size: int) -> None:
        self.registry = CollectorRegistry()
        super().__init__(
            places=places, queue_size=queue_size, metrics=WorkerMetrics(self.registry, ("x",))
        )

    def figure(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"atelier_worker_{name}")


async def positions(admission: Admission, place: Place, seen: list[int]) -> None:
    async for queued in admission.wait(place):
        seen.append(queued.position)  # noqa: PERF401 - what was seen so far counts


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_place_is_taken_without_waiting() -> None:
    admission = Watched(2, 1)
    places = [admission.enter() for _ in range(2)]
    assert all(place.admitted for place in places)
    assert [queued async for queued in admission.wait(places[0])] == []
    assert admission.figure("tasks_running") == 2


async def test_the_waiting_are_told_their_place_and_come_in_order() -> None:
    admission = Watched(1, 3)
    running = admission.enter()
    waiting = [admission.enter() for _ in range(3)]
    seen: list[list[int]] = [[], [], []]
    tasks = [
        asyncio.create_task(positions(admission, place, told))
        for place, told in zip(waiting, seen, strict=True)
    ]
    await turn()
    assert seen == [[0], [1], [2]]
    admission.leave(running)
    await turn()
    assert [place.admitted for place in waiting] == [True, False, False]
    assert seen == [[0], [1, 0], [2, 1]]
    admission.leave(waiting[1])
    tasks[1].cancel()
    await turn()
    assert seen[2] == [2, 1, 0]
    assert admission.figure("queue_depth") == 1
    admission.leave(waiting[0])
    await asyncio.wait_for(tasks[2], 30)
    admission.leave(waiting[2])
    assert admission.figure("tasks_running") == 0
    assert admission.figure("queue_depth") == 0


async def test_a_full_queue_refuses_at_once() -> None:
    admission = Watched(1, 1)
    admission.enter()
    admission.enter()
    with pytest.raises(QueueFull) as caught:
        admission.enter()
    assert (caught.value.retry_after_seconds or 0) >= 1
    assert admission.figure("queue_limit") == 1
    assert admission.figure("queue_refused_total") == 1


async def test_without_a_queue_there_is_only_the_batch() -> None:
    admission = Watched(1, 0)
    admission.leave(admission.enter())
    admission.enter()
    with pytest.raises(QueueFull):
        admission.enter()


async def test_closing_sends_the_waiting_away_and_lets_the_running_finish() -> None:
    admission = Watched(1, 1)
    running, waiting = admission.enter(), admission.enter()
    task = asyncio.create_task(positions(admission, waiting, []))
    await turn()
    await admission.close()
    with pytest.raises(ShuttingDown):
        await asyncio.wait_for(task, 30)
    admission.leave(waiting)
    with pytest.raises(ShuttingDown):
        admission.enter()
    admission.leave(running)
    assert admission.figure("tasks_running") == 0


def steps() -> st.SearchStrategy[list[int | None]]:
    """None: a call comes; a number: the call that stands there, of those that are here, leaves."""
    return st.lists(st.none() | st.integers(0, 20), max_size=60)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(0, 4), steps())
def test_no_place_is_lost_or_given_twice(
    places: int, queue_size: int, actions: list[int | None]
) -> None:
    admission = Watched(places, queue_size)
    here: list[Place] = []
    for action in actions:
        if action is None:
            try:
                here.append(admission.enter())
            except QueueFull:
                assert len(here) == places + queue_size
        elif here:
            admission.leave(here.pop(action % len(here)))
        assert [place.admitted for place in here] == list(_expected(len(here), places))
        assert admission.figure("tasks_running") == min(len(here), places)
        assert admission.figure("queue_depth") == max(0, len(here) - places)


def _expected(count: int, places: int) -> Iterator[bool]:
    """First come, first served: those who wait came after all who are admitted."""
    for number in range(count):
        yield number < places
