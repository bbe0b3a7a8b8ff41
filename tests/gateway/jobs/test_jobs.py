"""What a caller may do with jobs: submit, look, watch, update, retry; and when he has left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from prometheus_client import CollectorRegistry

from atelier.image.v1 import image_pb2
from atelier.jobs.v1 import jobs_pb2
from services.common.errors import error_info
from services.common.settings_jobs import JobSettings
from services.gateway.caller import ANYBODY
from services.gateway.health_map import HealthMap
from services.gateway.jobs import jobs as jobs_module
from services.gateway.jobs.jobs import Jobs
from services.gateway.jobs.metrics import JobMetrics
from services.gateway.jobs.record import ENDED, RUNNING
from services.gateway.jobs.submission import Submission
from tests.support.gateways import echo_row
from tests.support.image_fakes import Studio, studio
from tests.support.kept_jobs_disk import FullDisk
from tests.support.kept_jobs_gateway import DRAW, JobClient, Watcher, image_row, job_gateway, order
from tests.support.ports import free_port
from tests.support.waiting import until


@asynccontextmanager
async def drawing(folder: Path, **settings: Any) -> AsyncIterator[tuple[JobClient, Studio]]:
    """A gateway before a worker that draws nothing before it is told to go on."""
    async with studio() as worker, job_gateway(folder, image_row(worker.port), **settings) as jobs:
        worker.painter.go.clear()
        yield jobs, worker


@asynccontextmanager
async def waiting(folder: Path, **settings: Any) -> AsyncIterator[JobClient]:
    """A gateway whose worker is away, so that all jobs wait."""
    async with job_gateway(folder, image_row(free_port()), **settings) as jobs:
        yield jobs


def refused(caught: "pytest.ExceptionInfo[grpc.aio.AioRpcError]") -> tuple[str, str]:
    """Code and reason of a refusal."""
    status = rpc_status.from_call(caught.value)
    return caught.value.code().name, error_info(status).reason


# --- Submitting ----------------------------------------------------------------------------------


async def test_a_full_queue_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    async with drawing(tmp_path, queue_size=2) as (jobs, _):
        running = await jobs.submit()
        await jobs.until(running, lambda now: now.state == RUNNING)
        for _ in range(2):
            await jobs.submit()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.submit()
        assert refused(caught) == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
        status = rpc_status.from_call(caught.value)
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in status.details)
        assert retry.retry_delay.seconds == 5
        assert len(await jobs.listed()) == 3


async def test_many_submits_at_once_do_not_overfill_the_queue(tmp_path: Path) -> None:
    async with waiting(tmp_path, queue_size=5) as jobs:
        first = await jobs.submit()
        await jobs.until(first, lambda now: now.waiting_reason)
        results = await asyncio.gather(*(jobs.submit() for _ in range(30)), return_exceptions=True)
        accepted = [one for one in results if isinstance(one, jobs_pb2.Job)]
        assert len(accepted) == 4
        assert len(await jobs.listed()) == 5


async def test_an_accepted_key_answers_also_when_the_queue_is_full(tmp_path: Path) -> None:
    async with waiting(tmp_path, queue_size=1) as jobs:
        first = await jobs.submit(idempotency_key="k")
        again = await jobs.submit(idempotency_key="k")
        assert again.id == first.id
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.submit(order("a blue apple"), idempotency_key="k")
        assert refused(caught) == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")


async def test_a_caller_who_leaves_while_he_submits_has_submitted_or_not_and_nothing_between(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.set()
        request = order(steps=1, image=b"").SerializeToString()
        for moment in range(25):
            submission = Submission(method=DRAW, request=request)
            submitting = asyncio.create_task(jobs.inside.submit(submission, ANYBODY))
            for _ in range(moment):
                await asyncio.sleep(0)
            submitting.cancel()
            await asyncio.gather(submitting, return_exceptions=True)
        await asyncio.gather(*jobs.inside._acts)
        accepted = await jobs.listed()
        assert accepted
        for job in accepted:
            assert (await jobs.ended(job)).state == "succeeded"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"method": "atelier.image.v1.ImageService/DescribeModel"}, "request.@type"),
        ({"method": "nobody/Nothing"}, "method"),
        ({"presence": "x" * 129}, "presence"),
        ({"idempotency_key": "x" * 129}, "idempotency_key"),
        ({"on_leave": "explode"}, "on_leave"),
        ({"on_leave": "drop"}, "presence"),
    ],
)
async def test_what_cannot_be_a_job_is_refused_by_its_field(
    tmp_path: Path, fields: dict[str, Any], field: str
) -> None:
    async with waiting(tmp_path) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.submit(**fields)
        bad = error_details_pb2.BadRequest()
        status = rpc_status.from_call(caught.value)
        assert any(detail.Unpack(bad) for detail in status.details)
        assert [violation.field for violation in bad.field_violations] == [field]
        assert await jobs.listed() == []


# --- Looking -------------------------------------------------------------------------------------


async def test_pages_of_large_jobs_are_shorter_and_lose_none(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        accepted = [(await jobs.submit(order("a dog " * 150_000, seed=n))).id for n in range(5)]
        seen: list[str] = []
        token, pages = "", 0
        while token or not seen:
            answer = await jobs.jobs.ListJobs(jobs_pb2.ListJobsRequest(page_token=token))
            seen += [job.id for job in answer.jobs]
            token, pages = answer.next_page_token, pages + 1
        assert seen == accepted[::-1]
        assert pages == 3


async def test_a_wait_ends_with_the_time_or_with_the_job(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        job = await jobs.submit()
        assert (await jobs.inside.wait(job.id, 0)).state not in ENDED
        for_its_end = asyncio.create_task(jobs.inside.wait(job.id, None))
        worker.painter.go.set()
        assert (await for_its_end).state == "succeeded"
        assert (await jobs.inside.wait(job.id, None)).state == "succeeded"


# --- Watching ------------------------------------------------------------------------------------


async def test_a_watch_begins_with_what_there_is_and_then_tells_each_change(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        old = await jobs.submit()
        async with jobs.watch() as watch:
            await watch.caught_up()
            assert set(watch.jobs) == {old.id}
            new = await jobs.submit()
            await watch.until(lambda seen: new.id in seen.jobs)
            worker.painter.go.set()
            await watch.until(lambda seen: all(job.state in ENDED for job in seen.jobs.values()))


async def test_a_watch_of_one_job_ends_with_it(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        job, other = await jobs.submit(), await jobs.submit()
        states = jobs.states(job)
        assert (await anext(states)).id == job.id
        worker.painter.go.set()
        seen = [now async for now in states]
        assert {now.id for now in seen} == {job.id}
        assert seen[-1].state == "succeeded"
        assert [now.state async for now in jobs.states(job)] == ["succeeded"]
        await jobs.ended(other)


async def test_a_watch_of_one_job_ends_also_when_it_is_deleted(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        inside = jobs.inside.watch(job.id, "", (), "")
        await anext(inside)
        await jobs.stopped(job)
        await jobs.inside.delete(job.id)
        news = [answer async for answer in inside]
        assert [list(answer.deleted_ids) for answer in news] == [[job.id]]


async def test_no_change_is_lost_between_the_first_look_and_the_news(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.set()

        async def watched() -> dict[str, str]:
            async with jobs.watch() as watch:
                await watch.until(
                    lambda seen: (
                        len(seen.jobs) == 12
                        and all(job.state in ENDED for job in seen.jobs.values())
                    )
                )
                return {job.id: job.state for job in watch.jobs.values()}

        watchers = []
        for _ in range(12):
            watchers.append(asyncio.create_task(watched()))
            await jobs.submit(order(steps=1))
        views = await asyncio.gather(*watchers)
        assert all(view == views[0] for view in views)
        assert set(views[0].values()) == {"succeeded"}


async def test_a_reader_that_stalls_holds_up_nobody_and_sees_the_latest(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        async with jobs.watch() as stalled, jobs.watch() as reader:
            await stalled.caught_up()
            await reader.caught_up()
            worker.painter.go.set()
            accepted = [await jobs.submit(order(steps=20)) for _ in range(5)]
            for job in accepted:
                await jobs.ended(job)
            done = await reader.until(_all_ended(5))
            assert (await stalled.until(_all_ended(5))).jobs == done.jobs


def _all_ended(number: int) -> Any:
    def condition(seen: Watcher) -> bool:
        states = [job.state for job in seen.jobs.values()]
        return len(states) == number and all(state in ENDED for state in states)

    return condition


async def test_a_watch_on_states_tells_once_more_of_a_job_that_left_them(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        job = await jobs.submit()
        await jobs.until(job, lambda now: now.state == RUNNING)
        async with jobs.watch(states=["running"]) as watch:
            await watch.caught_up()
            assert set(watch.jobs) == {job.id}
            worker.painter.go.set()
            await watch.until(lambda seen: seen.jobs[job.id].state == "succeeded")
        async with jobs.watch(states=["running"], capability="image") as watch:
            assert (await watch.caught_up()).jobs == {}
        async with jobs.watch(capability="tts") as watch:
            assert (await watch.caught_up()).jobs == {}


async def test_a_watch_tells_of_jobs_that_are_gone_also_of_those_it_did_not_show(
    tmp_path: Path,
) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        await jobs.stopped(job)
        async with jobs.watch(states=["running"]) as watch:
            await watch.caught_up()
            await jobs.inside.delete(job.id)
            await watch.until(lambda seen: seen.deleted == [job.id])
        async with jobs.watch() as watch:
            assert (await watch.caught_up()).jobs == {}


async def test_a_first_look_at_large_jobs_comes_in_parts(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        for number in range(5):
            await jobs.submit(order("a dog " * 150_000, seed=number))
        async with jobs.watch() as watch:
            parts = [await watch.next() for _ in range(3)]
            assert [part.caught_up for part in parts] == [False, False, True]
            assert len(watch.jobs) == 5


async def test_a_watch_on_nobodys_job_is_refused(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async with jobs.watch(id="nobody") as watch:
                await watch.next()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_watches_end_with_the_gateway(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        await jobs.submit()
        async with jobs.watch() as watch:
            await watch.caught_up()
            await jobs.inside.drain(0)
            while (answer := await watch.call.read()) is not grpc.aio.EOF:
                assert not answer.caught_up


# --- Who is there --------------------------------------------------------------------------------


async def test_a_job_to_be_dropped_stops_when_its_submitter_has_left(tmp_path: Path) -> None:
    async with drawing(tmp_path, leave_grace_seconds=0.0) as (jobs, worker):
        async with jobs.watch(presence="tab") as watch:
            await watch.caught_up()
            dropped = await jobs.submit(presence="tab", on_leave="drop")
            kept = await jobs.submit(presence="tab")
            await until(lambda: worker.painter.at_step == 1)
        assert (await jobs.ended(dropped)).state == "cancelled"
        worker.painter.go.set()
        assert (await jobs.ended(kept)).state == "succeeded"


async def test_a_job_goes_on_while_one_of_its_submitters_streams_lives(tmp_path: Path) -> None:
    async with drawing(tmp_path, leave_grace_seconds=0.0) as (jobs, worker):
        async with jobs.watch(presence="tab") as stays:
            await stays.caught_up()
            job = await jobs.submit(presence="tab", on_leave="drop")
            async with jobs.watch(presence="tab") as goes:
                await goes.caught_up()
            await stays.until(
                lambda seen: job.id in seen.jobs and seen.jobs[job.id].state == RUNNING
            )
            worker.painter.go.set()
            assert (await jobs.ended(job)).state == "succeeded"


async def test_a_submitter_who_never_came_has_left_after_a_restart_too(tmp_path: Path) -> None:
    async with waiting(tmp_path, leave_grace_seconds=10_000.0) as jobs:
        job = await jobs.submit(presence="tab", on_leave="drop")
    async with waiting(tmp_path, leave_grace_seconds=0.0) as jobs:
        assert (await jobs.ended(job)).state == "cancelled"


async def test_a_job_can_be_kept_after_all_and_taken_over(tmp_path: Path) -> None:
    async with drawing(tmp_path, leave_grace_seconds=0.0) as (jobs, worker):
        async with jobs.watch(presence="tab") as watch:
            await watch.caught_up()
            job = await jobs.submit(presence="tab", on_leave="drop")
            update = jobs_pb2.UpdateJobRequest(id=job.id, on_leave="keep", presence="other")
            changed = await jobs.jobs.UpdateJob(update)
            assert (changed.on_leave, changed.presence) == ("keep", "other")
            assert (await jobs.get(job)).presence == "other"
        worker.painter.go.set()
        assert (await jobs.ended(job)).state == "succeeded"


async def test_an_update_is_checked_as_a_submit_is(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        for fields in ({"on_leave": "drop"}, {"on_leave": "x"}, {"presence": "x" * 129}):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await jobs.jobs.UpdateJob(jobs_pb2.UpdateJobRequest(id=job.id, **fields))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        unchanged = await jobs.jobs.UpdateJob(jobs_pb2.UpdateJobRequest(id=job.id))
        assert (unchanged.on_leave, unchanged.presence) == ("keep", "")
        await jobs.stopped(job)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.jobs.UpdateJob(jobs_pb2.UpdateJobRequest(id=job.id, presence="tab"))
        assert refused(caught) == ("FAILED_PRECONDITION", "JOB_ENDED")


# --- Again ---------------------------------------------------------------------------------------


async def test_a_retry_is_a_new_job_with_the_same_request_and_seed(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.out_of_memory = 1
        worker.painter.go.set()
        request = image_pb2.GenerateImageRequest(prompt="a red apple")
        failed = await jobs.ended(await jobs.submit(request))
        assert failed.state == "failed"
        retry = jobs_pb2.RetryJobRequest(id=failed.id, presence="tab", on_leave="drop")
        async with jobs.watch(presence="tab") as watch:
            await watch.caught_up()
            operation = await jobs.jobs.RetryJob(retry)
            again = jobs_pb2.Job()
            operation.metadata.Unpack(again)
            ended = await jobs.ended(again)
        assert ended.id != failed.id
        assert (ended.state, ended.retry_of, ended.presence) == ("succeeded", failed.id, "tab")
        first, second = worker.painter.orders
        assert first.seed == second.seed
        assert (await jobs.get(failed)).state == "failed"


async def test_a_job_that_has_not_ended_is_neither_retried_nor_deleted(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.jobs.RetryJob(jobs_pb2.RetryJobRequest(id=job.id))
        assert refused(caught) == ("FAILED_PRECONDITION", "JOB_NOT_ENDED")


async def test_a_job_whose_capability_is_gone_cannot_be_retried(tmp_path: Path) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        await jobs.stopped(job)
    async with job_gateway(tmp_path, echo_row(free_port())) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.jobs.RetryJob(jobs_pb2.RetryJobRequest(id=job.id))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_jobs_grow_too_old_also_where_none_ends_and_a_full_disk_only_delays_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with waiting(tmp_path) as jobs:
        job = await jobs.submit()
        await jobs.stopped(job)
    monkeypatch.setattr(jobs_module, "_EVICT_EVERY_SECONDS", 0.01)
    async with waiting(tmp_path) as jobs:
        disk = FullDisk(jobs.store)
        disk.full = True
        jobs.store._settings = replace(jobs.store._settings, keep_days=1e-9)
        await until(lambda: disk.refused > 1)
        assert await jobs.listed()
        async with jobs.watch() as watch:
            disk.full = False
            await watch.until(lambda seen: seen.deleted == [job.id])
        assert await jobs.listed() == []


async def test_nothing_is_done_before_the_start() -> None:
    health = HealthMap(["image"])
    jobs = Jobs(JobSettings(), None, health, JobMetrics(CollectorRegistry(), ["image"]))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="before start"):
        await jobs.get("x")
    await jobs.close()
