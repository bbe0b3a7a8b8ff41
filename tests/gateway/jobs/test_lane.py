"""A lane runs as many jobs as it is wide, pauses while its worker is away, and never gets stuck."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from services.gateway.jobs.lane import JobLane


class Stage:
    """A lane whose jobs run until they are let go."""

    def __init__(self, width: int = 1) -> None:
        self.lane = JobLane(width, self._run, self._told)
        self.begun: list[str] = []
        self.places: dict[str, int] = {}
        self.fails: set[str] = set()
        self._news = asyncio.Event()
        self._may_end: dict[str, asyncio.Event] = {}

    async def _run(self, job_id: str) -> None:
        self.begun.append(job_id)
        self._news.set()
        if job_id in self.fails:
            raise RuntimeError("told to fail")
        await self._may_end.setdefault(job_id, asyncio.Event()).wait()

    def _told(self, places: dict[str, int]) -> None:
        self.places = places

    def let_end(self, job_id: str) -> None:
        self._may_end.setdefault(job_id, asyncio.Event()).set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 30)

    async def has_begun(self, *jobs: str) -> None:
        await self.until(lambda: self.begun == list(jobs))


async def test_nothing_runs_before_it_goes() -> None:
    stage = Stage()
    stage.lane.put("a1", "a")
    assert stage.lane.running == 0
    stage.lane.go()
    await stage.has_begun("a1")


async def test_as_many_run_as_the_lane_is_wide_and_the_next_follows_the_first_end() -> None:
    stage = Stage(width=2)
    stage.lane.go()
    for job in ("a1", "a2", "a3", "a4"):
        stage.lane.put(job, "a")
    await stage.has_begun("a1", "a2")
    assert stage.places == {"a3": 0, "a4": 1}
    stage.let_end("a1")
    await stage.has_begun("a1", "a2", "a3")
    assert stage.places == {"a4": 0}


async def test_a_paused_lane_starts_nothing_until_its_worker_is_back() -> None:
    stage = Stage()
    stage.lane.go()
    stage.lane.pause(1000)
    stage.lane.put("a1", "a")
    assert stage.lane.running == 0
    stage.lane.resume()
    await stage.has_begun("a1")


async def test_a_pause_ends_by_itself() -> None:
    stage = Stage()
    stage.lane.go()
    stage.lane.pause(0)
    stage.lane.put("a1", "a")
    await stage.has_begun("a1")


async def test_pauses_grow_up_to_half_a_minute_and_begin_anew_once_a_worker_worked() -> None:
    lane = Stage().lane
    assert [lane.pause(1) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    lane.worked()
    assert lane.pause(1) == 1
    lane.stop()


async def test_one_put_back_is_served_before_all_others() -> None:
    stage = Stage()
    stage.lane.put("a1", "a")
    stage.lane.put("b1", "b", first=True)
    stage.lane.go()
    await stage.has_begun("b1")


async def test_a_job_that_waits_can_be_taken_out_and_one_that_runs_cannot() -> None:
    stage = Stage()
    stage.lane.go()
    stage.lane.put("a1", "a")
    stage.lane.put("a2", "a")
    assert not stage.lane.remove("a1")
    assert stage.lane.remove("a2")
    assert stage.places == {}


async def test_a_turn_that_breaks_does_not_hold_up_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    stage.fails.add("a1")
    with caplog.at_level(logging.ERROR):
        stage.lane.go()
        stage.lane.put("a1", "a")
        stage.lane.put("a2", "a")
        await stage.has_begun("a1", "a2")
    assert "a job's turn broke off" in caplog.text


async def test_a_stopped_lane_ends_what_runs_and_starts_no_more() -> None:
    stage = Stage()
    stage.lane.go()
    stage.lane.put("a1", "a")
    stage.lane.put("a2", "a")
    await stage.has_begun("a1")
    stage.lane.stop()
    stage.let_end("a1")
    await asyncio.wait_for(stage.lane.drained(), 30)
    assert stage.begun == ["a1"]
    assert len(stage.lane.queue) == 1
