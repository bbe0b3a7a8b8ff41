"""One job at a time, in the order of arrival, and nothing that a caller does blocks the lane."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from services.common import call_id
from services.common.cancellation import Cancellation, JobCancelled
from services.common.errors import QueueFull, ReaderStalled, ShuttingDown, TaskTimeLimitExceeded
from services.common.lane import Queued
from tests.support.common_jobs import HeldJob, Reader, WatchedLane, soon


@pytest.fixture
async def lane() -> AsyncIterator[WatchedLane]:
    lane = WatchedLane()
    yield lane
    await soon(lane.close())


async def busy(lane: WatchedLane, *items: str) -> tuple[HeldJob, Reader]:
    job = HeldJob(*items)
    reader = Reader(lane, job)
    await soon(job.started.wait())
    return job, reader


async def it_still_works(lane: WatchedLane) -> None:
    assert await Reader(lane, HeldJob("works").go()).done() == ["works"]
    await lane.idle()
    assert lane.figure("queue_depth") == 0
    assert lane.figure("tasks_running") == 0


# --- The good course -----------------------------------------------------------------------------


async def test_an_idle_lane_begins_at_once(lane: WatchedLane) -> None:
    reader = Reader(lane, HeldJob("a", "b").go())
    assert await reader.done() == ["a", "b"]
    assert reader.places == []


async def test_those_who_wait_are_told_each_change_of_their_place(lane: WatchedLane) -> None:
    first, reading_first = await busy(lane, "1")
    second, third = HeldJob("2"), HeldJob("3")
    reading_second = await Reader(lane, second).queued(0)
    reading_third = await Reader(lane, third).queued(1)
    assert lane.figure("queue_depth") == 2
    assert lane.queued == 2

    first.go()
    await reading_third.queued(0)
    second.go()
    third.go()

    assert await reading_first.done() == ["1"]
    assert await reading_second.done() == ["2"]
    assert await reading_third.done() == ["3"]
    assert (reading_second.places, reading_third.places) == ([0], [1, 0])
    await it_still_works(lane)


async def test_leaving_the_queue_moves_up_only_those_behind(lane: WatchedLane) -> None:
    first, _ = await busy(lane)
    ahead = await Reader(lane, HeldJob("ahead").go()).queued(0)
    leaver = await Reader(lane, HeldJob()).queued(1)
    behind = await Reader(lane, HeldJob("behind").go()).queued(2)

    await leaver.leave()
    await behind.queued(1)
    first.go()

    await behind.done()
    assert ahead.places == [0]
    assert behind.places in ([2, 1, 0], [2, 1])  # the latest place is what counts
    await it_still_works(lane)


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(lane: WatchedLane) -> None:
    await busy(lane)
    waiting = [await Reader(lane, HeldJob().go()).queued(place) for place in range(4)]
    with pytest.raises(QueueFull) as refusal:
        await Reader(lane, HeldJob()).done()
    assert refusal.value.retry_after_seconds is not None
    assert refusal.value.retry_after_seconds >= 1
    assert lane.figure("queue_limit") == lane.figure("queue_depth") == 4
    assert lane.figure("queue_refused_total") == 1
    assert lane.queued == len(waiting)


async def test_a_slow_reader_slows_its_job(lane: WatchedLane) -> None:
    made: list[int] = []

    def count(cancellation: Cancellation) -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    async with aclosing(lane.run(count)) as numbers:
        assert await soon(anext(numbers)) == 0
        # The reader pauses; whatever the job does meanwhile, it gets no further than this.
        await asyncio.sleep(0.02)
        assert len(made) <= 34
        assert [number async for number in numbers] == list(range(1, 100))


async def _read_all(items: AsyncIterator[object]) -> None:
    async for _ in items:
        pass


async def test_a_reader_that_stalls_gives_the_lane_to_others(
    lane: WatchedLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.common.turn._STALL_SECONDS", 0.05)
    async with aclosing(lane.run(endless)) as items:
        await soon(anext(items))
        await it_still_works(lane)  # though the first reader is still there
        with pytest.raises(ReaderStalled):
            await soon(_read_all(items))


async def test_the_jobs_log_lines_carry_the_calls_id(lane: WatchedLane) -> None:
    def say_id(cancellation: Cancellation) -> Iterator[str]:
        yield call_id.current.get()

    token = call_id.current.set("call-7")
    try:
        assert await Reader(lane, say_id).done() == ["call-7"]
    finally:
        call_id.current.reset(token)


async def test_a_job_runs_and_cleans_up_in_the_lanes_one_thread(lane: WatchedLane) -> None:
    threads: list[int] = []

    def note_thread(cancellation: Cancellation) -> Iterator[str]:
        try:
            threads.append(threading.get_ident())
            yield "first"
            while True:
                cancellation.check()
        finally:
            threads.append(threading.get_ident())

    async with aclosing(lane.run(note_thread)) as items:
        assert await soon(anext(items)) == "first"
    await lane.idle()
    assert threads[0] == threads[1] != threading.get_ident()


# --- Callers that leave --------------------------------------------------------------------------


async def test_a_caller_who_is_cancelled_stops_the_job(lane: WatchedLane) -> None:
    job, reader = await busy(lane)
    await reader.leave()
    await soon(job.ended.wait())
    assert job.cancelled
    await it_still_works(lane)
    assert lane.figure("cancel_to_idle_seconds_count") == 1


async def test_a_caller_who_closes_at_an_item_stops_the_job(lane: WatchedLane) -> None:
    async def read_one() -> None:
        async with aclosing(lane.run(endless)) as items:
            assert await anext(items) == "item"

    await soon(read_one())
    await it_still_works(lane)
    assert lane.figure("cancel_to_idle_seconds_count") == 1


def endless(cancellation: Cancellation) -> Iterator[str]:
    while True:
        cancellation.check()
        yield "item"


async def test_a_caller_who_closes_at_its_place_in_the_queue_leaves_it(lane: WatchedLane) -> None:
    first, reading_first = await busy(lane)
    never = HeldJob()
    async with aclosing(lane.run(never)) as messages:
        assert await soon(anext(messages)) == Queued(0)
    assert lane.queued == 0
    first.go()
    await reading_first.done()
    await it_still_works(lane)
    assert not never.started.is_set()


async def test_a_caller_cancelled_as_its_turn_comes_passes_it_on(lane: WatchedLane) -> None:
    first, reading_first = await busy(lane)
    unlucky = await Reader(lane, HeldJob()).queued(0)
    next_one = await Reader(lane, HeldJob("next").go()).queued(1)

    # The turn comes in this very step of the loop, before the cancelled task runs.
    first.go()
    await reading_first.done()
    await unlucky.leave()

    assert await next_one.done() == ["next"]
    await it_still_works(lane)


async def test_a_caller_cancelled_twice_stops_its_job_once(lane: WatchedLane) -> None:
    job, reader = await busy(lane)
    reader.task.cancel()
    await asyncio.sleep(0)
    reader.task.cancel()
    await soon(asyncio.wait([reader.task]))
    await soon(job.ended.wait())
    await it_still_works(lane)
    assert lane.figure("cancel_to_idle_seconds_count") == 1


async def test_a_caller_who_forgets_to_close_is_found_by_the_garbage_collector(
    lane: WatchedLane,
) -> None:
    messages = lane.run(endless)
    assert await soon(anext(messages)) == "item"
    del messages
    gc.collect()
    await it_still_works(lane)


async def test_a_caller_who_never_reads_cannot_hold_the_queue() -> None:
    lane = WatchedLane()
    first = HeldJob()
    reading_first = Reader(lane, first)
    await soon(first.started.wait())
    stalled = lane.run(endless)
    assert await soon(anext(stalled)) == Queued(0)  # and never reads again

    lane.limit(0.05)
    first.go()
    await reading_first.done()
    await lane.idle()
    lane.limit(600)
    await it_still_works(lane)

    with pytest.raises(TaskTimeLimitExceeded):
        async for _ in stalled:
            pass
    await lane.close()


# --- Jobs that go wrong --------------------------------------------------------------------------


async def test_a_job_that_fails_fails_its_caller_after_its_items(lane: WatchedLane) -> None:
    reader = Reader(lane, HeldJob("before", error=ValueError("broken")).go())
    with pytest.raises(ValueError, match="broken"):
        await reader.done()
    assert reader.items == ["before"]
    await it_still_works(lane)


async def test_a_job_that_cannot_even_begin_fails_its_caller(lane: WatchedLane) -> None:
    def no_job(cancellation: Cancellation) -> Iterator[str]:
        raise OSError("no device")

    with pytest.raises(OSError, match="no device"):
        await Reader(lane, no_job).done()
    await it_still_works(lane)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_a_job_that_wants_to_end_the_process_fails_its_caller_only(
    lane: WatchedLane, error: BaseException
) -> None:
    def leaves(cancellation: Cancellation) -> Iterator[str]:
        yield "item"
        raise error

    with pytest.raises(RuntimeError, match=type(error).__name__):
        await Reader(lane, leaves).done()
    await it_still_works(lane)


async def test_a_job_that_cancels_itself_tells_its_caller(lane: WatchedLane) -> None:
    with pytest.raises(JobCancelled):
        await Reader(lane, HeldJob(error=JobCancelled()).go()).done()
    await it_still_works(lane)


async def test_a_job_that_fails_in_its_clean_up_is_logged(
    lane: WatchedLane, caplog: pytest.LogCaptureFixture
) -> None:
    def messy(cancellation: Cancellation) -> Iterator[str]:
        try:
            yield from endless(cancellation)
        finally:
            raise ValueError("clean-up failed")

    async with aclosing(lane.run(messy)) as items:
        await soon(anext(items))
    await it_still_works(lane)
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "clean-up failed"


async def test_an_iterator_without_close_is_a_job_too(lane: WatchedLane) -> None:
    assert await Reader(lane, lambda cancellation: iter(["a", "b"])).done() == ["a", "b"]


async def test_a_failed_jobs_memory_is_free_before_the_next_job(lane: WatchedLane) -> None:
    class Tensor:
        pass

    tensors: weakref.WeakSet[Tensor] = weakref.WeakSet()

    def fails(cancellation: Cancellation) -> Iterator[str]:
        tensor = Tensor()
        tensors.add(tensor)
        yield "item"
        raise ValueError(type(tensor).__name__)

    with pytest.raises(ValueError, match="Tensor") as failed:
        await Reader(lane, fails).done()
    assert failed.value.__traceback__ is not None  # the error lives on, with its trace
    gc.collect()
    assert len(tensors) == 0


# --- The time limit ------------------------------------------------------------------------------


async def test_a_job_that_runs_too_long_is_stopped() -> None:
    lane = WatchedLane(time_limit_seconds=0.05)
    job = HeldJob()
    with pytest.raises(TaskTimeLimitExceeded):
        await Reader(lane, job).done()
    await soon(job.ended.wait())
    assert job.cancelled
    lane.limit(600)
    await it_still_works(lane)
    assert lane.figure("cancel_to_idle_seconds_count") == 1
    await lane.close()


async def test_the_limit_of_a_job_that_has_ended_is_forgotten() -> None:
    lane = WatchedLane(time_limit_seconds=1.0)
    seen: list[Cancellation] = []

    def quick(cancellation: Cancellation) -> Iterator[str]:
        seen.append(cancellation)
        yield "done"

    assert await Reader(lane, quick).done() == ["done"]
    limit_has_passed = asyncio.Event()
    asyncio.get_running_loop().call_later(1.1, limit_has_passed.set)
    await soon(limit_has_passed.wait())
    assert not seen[0].cancelled
    await lane.close()


async def test_a_job_that_hears_nothing_keeps_its_lane_but_not_its_caller() -> None:
    lane = WatchedLane(time_limit_seconds=0.05)
    wakes = threading.Event()

    def deaf(cancellation: Cancellation) -> Iterator[str]:
        wakes.wait()
        yield "too late"

    reader = Reader(lane, deaf)
    with pytest.raises(TaskTimeLimitExceeded):
        await reader.done()
    assert lane.busy
    wakes.set()
    lane.limit(600)
    await it_still_works(lane)
    assert reader.items == []
    await lane.close()


# --- The end -------------------------------------------------------------------------------------


async def test_closing_sends_the_waiting_away_and_stops_the_running_one() -> None:
    lane = WatchedLane()
    job, running = await busy(lane)
    waiting = [await Reader(lane, HeldJob()).queued(place) for place in range(2)]

    await soon(lane.close())

    assert job.cancelled
    for reader in (running, *waiting):
        with pytest.raises(ShuttingDown):
            await reader.done()
    assert lane.figure("queue_depth") == lane.figure("tasks_running") == 0


async def test_a_closed_lane_takes_no_job_and_may_be_closed_again() -> None:
    lane = WatchedLane()
    await soon(lane.close())
    with pytest.raises(ShuttingDown):
        await Reader(lane, HeldJob()).done()
    await soon(lane.close())
