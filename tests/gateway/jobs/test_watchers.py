"""Who watches hears of each job once, by its latest state, and of nothing that is not his."""

import asyncio

from services.gateway.jobs.record import GoneJob
from services.gateway.jobs.watchers import Watch, Watchers


def gone(job_id: str) -> GoneJob:
    return GoneJob(job_id, "image", "ada")


async def news(watch: Watch) -> tuple[list[str], list[str]]:
    changed, deleted = await asyncio.wait_for(watch.news(), 30)
    return changed, [job.id for job in deleted]


async def test_a_slow_reader_hears_once_of_a_job_that_changed_often() -> None:
    watchers = Watchers()
    with watchers.watch() as watch:
        for job in ("a", "b", "a", "a"):
            watchers.changed(job)
        assert await news(watch) == (["a", "b"], [])


async def test_news_that_came_while_the_reader_was_busy_are_not_lost() -> None:
    watchers = Watchers()
    with watchers.watch() as watch:
        watchers.changed("a")
        await news(watch)
        watchers.changed("b")
        assert await news(watch) == (["b"], [])


async def test_a_reader_waits_until_something_has_changed() -> None:
    watchers = Watchers()
    with watchers.watch() as watch:
        waiting = asyncio.create_task(news(watch))
        await asyncio.sleep(0)
        assert not waiting.done()
        watchers.changed("a")
        assert await waiting == (["a"], [])


async def test_who_watches_one_job_hears_of_that_one_only() -> None:
    watchers = Watchers()
    with watchers.watch("a") as watch:
        watchers.changed("b")
        watchers.deleted((gone("b"), gone("a")))
        assert await news(watch) == ([], ["a"])


async def test_a_job_that_is_gone_has_not_changed() -> None:
    watchers = Watchers()
    with watchers.watch() as watch:
        watchers.changed("a")
        watchers.deleted((gone("a"),))
        assert await news(watch) == ([], ["a"])


async def test_nobody_waits_after_the_end_those_who_come_later_neither() -> None:
    watchers = Watchers()
    with watchers.watch() as early, watchers.watch("a") as of_one:
        watchers.changed("a")
        watchers.close()
        assert await news(early) == (["a"], [])
        assert of_one.closed
        assert await news(early) == ([], [])
    with watchers.watch() as late:
        assert late.closed
        assert await news(late) == ([], [])


def test_a_watch_that_has_ended_leaves_nothing_behind() -> None:
    watchers = Watchers()
    with watchers.watch("a"), watchers.watch():
        pass
    assert watchers._of_one == {}
    assert watchers._of_all == set()
