"""An accepted job comes to one end, whatever is cancelled, lost, full or ended meanwhile."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2

from atelier.echo.v1 import echo_pb2
from atelier.image.v1 import image_pb2
from atelier.videogen.v1 import videogen_pb2
from services.common.errors import error_info
from services.common.settings import GatewaySettings, Settings, SettingsError
from services.common.settings_jobs import JobSettings
from services.gateway.gateway import Gateway
from services.gateway.jobs import course, lane, runner, thumbnails
from services.gateway.jobs.record import QUEUED, RUNNING
from services.gateway.record import State
from tests.support.gateways import NO_KEYS, EchoProcess, echo_process, echo_row
from tests.support.image_fakes import Studio, studio
from tests.support.image_pictures import picture_file
from tests.support.kept_jobs_disk import FullDisk, no_file_larger_than
from tests.support.kept_jobs_gateway import (
    FILM,
    REPEAT,
    JobClient,
    Turnstile,
    image_row,
    job_gateway,
    order,
    videogen_row,
)
from tests.support.ports import free_port
from tests.support.video_fakes import film_studio
from tests.support.waiting import until


@asynccontextmanager
async def drawing(folder: Path, **settings: Any) -> AsyncIterator[tuple[JobClient, Studio]]:
    """A gateway before a worker that draws."""
    async with studio() as worker, job_gateway(folder, image_row(worker.port), **settings) as jobs:
        yield jobs, worker


def reason_of(job: Any) -> str:
    return error_info(job.error).reason


def seeds(worker: Studio) -> list[int]:
    """The seeds of what the painter was told to paint, in order."""
    return [one.seed for one in worker.painter.orders]


# --- The usual course ----------------------------------------------------------------------------


async def test_a_job_goes_from_queued_through_its_steps_to_its_result(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        job = await jobs.submit(order(steps=4, preview_every_steps=2))
        assert (job.state, job.attempts, job.max_attempts) == (QUEUED, 0, 3)
        at_work = await jobs.until(job, lambda now: now.state == RUNNING)
        assert (at_work.attempts, at_work.step) == (1, 0)
        await until(lambda: worker.painter.at_step == 1)
        worker.painter.go.set()
        ended = await jobs.ended(job)
        assert (ended.state, ended.attempts, ended.phase) == ("succeeded", 1, "")
        assert [file.name for file in ended.result.files] == ["results/0"]
        assert ended.result.files[0].content_type == "image/png"
        assert ended.thumbnail.content_type == "image/webp"
        assert ended.create_time.ToNanoseconds() <= ended.start_time.ToNanoseconds()
        assert ended.start_time.ToNanoseconds() <= ended.end_time.ToNanoseconds()
        assert jobs.running.gateway.health["image"].state is State.AVAILABLE


async def test_a_running_job_shows_its_steps_and_its_preview(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go = Turnstile(2)
        job = await jobs.submit(order(steps=4, preview_every_steps=1))
        seen = await jobs.until(job, lambda now: now.HasField("preview") and now.step == 2)
        assert (seen.state, seen.phase, seen.total_steps) == (RUNNING, "working", 4)
        assert seen.preview.url.startswith(f"/v1/jobs/{job.id}/preview?v=")
        assert seen.estimated_remaining.seconds == 1
        worker.painter.go.set()
        ended = await jobs.ended(job)
        assert not ended.HasField("preview")
        assert ended.step == 0


async def test_what_the_worker_refuses_ends_the_job_with_the_workers_words(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, _):
        ended = await jobs.ended(await jobs.submit(order(steps=1000)))
        assert (ended.state, ended.attempts) == ("failed", 1)
        assert ended.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        assert reason_of(ended) == "INVALID_FIELD"
        assert error_info(ended.error).domain == "image.atelier"
        assert not ended.HasField("result")


async def test_the_capabilitys_own_fault_fails_the_job_and_shows_in_the_map(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.out_of_memory = 1
        ended = await jobs.ended(await jobs.submit())
        assert (ended.state, reason_of(ended)) == ("failed", "GPU_OUT_OF_MEMORY")
        record = jobs.running.gateway.health["image"]
        assert record.state is State.ERROR
        assert (await jobs.ended(await jobs.submit())).state == "succeeded"


async def test_one_job_of_a_capability_runs_at_a_time_and_the_others_know_their_place(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        first, second, third = [await jobs.submit(order(seed=seed)) for seed in (1, 2, 3)]
        await jobs.until(first, lambda now: now.state == RUNNING)
        assert (await jobs.get(second)).queue_position == 0
        assert (await jobs.get(third)).queue_position == 1
        assert not (await jobs.get(first)).HasField("queue_position")
        worker.painter.go.set()
        for job in (first, second, third):
            assert (await jobs.ended(job)).state == "succeeded"
        assert seeds(worker) == [1, 2, 3]


async def test_callers_take_turns(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        first = await jobs.submit(order(seed=1), presence="greedy")
        await jobs.until(first, lambda now: now.state == RUNNING)
        greedy = [await jobs.submit(order(seed=seed), presence="greedy") for seed in (2, 3, 4)]
        modest = await jobs.submit(order(seed=100), presence="modest")
        assert (await jobs.get(modest)).queue_position == 1
        worker.painter.go.set()
        for job in (*greedy, modest):
            await jobs.ended(job)
        assert seeds(worker) == [1, 2, 100, 3, 4]


# --- Cancelled -----------------------------------------------------------------------------------


async def test_a_job_that_waits_is_cancelled_at_once(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        first = await jobs.submit(order(seed=1))
        second = await jobs.submit(order(seed=2))
        await jobs.until(first, lambda now: now.state == RUNNING)
        await jobs.cancel(second)
        cancelled = await jobs.get(second)
        assert (cancelled.state, cancelled.attempts) == ("cancelled", 0)
        assert cancelled.error.code == grpc.StatusCode.CANCELLED.value[0]
        worker.painter.go.set()
        await jobs.ended(first)
        assert seeds(worker) == [1]


async def test_a_job_at_work_is_cancelled_within_a_step_and_the_next_one_runs(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        first, second = await jobs.submit(order(seed=1)), await jobs.submit(order(seed=2))
        await until(lambda: worker.painter.at_step == 1)
        await jobs.cancel(first)
        assert (await jobs.ended(first)).state == "cancelled"
        await until(lambda: worker.painter.stopped == 1)
        worker.painter.go.set()
        assert (await jobs.ended(second)).state == "succeeded"
        record = jobs.running.gateway.health["image"]
        assert record.consecutive_failures == 0


async def test_a_job_in_the_workers_own_queue_can_be_cancelled(tmp_path: Path) -> None:
    async with drawing(tmp_path, running_per_capability=2) as (jobs, worker):
        worker.painter.go.clear()
        first, second = await jobs.submit(order(seed=1)), await jobs.submit(order(seed=2))
        behind = await jobs.until(second, lambda now: now.phase == "queued")
        assert behind.state == RUNNING
        await jobs.cancel(second)
        assert (await jobs.ended(second)).state == "cancelled"
        await until(lambda: worker.worker.lane.queued == 0)
        worker.painter.go.set()
        assert (await jobs.ended(first)).state == "succeeded"
        assert seeds(worker) == [1]


async def test_a_job_that_is_being_saved_can_be_cancelled_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_it, go_on = threading.Event(), threading.Event()

    def slow_thumbnail(_: bytes) -> None:
        at_it.set()
        assert go_on.wait(60)

    monkeypatch.setattr(thumbnails, "thumbnail", slow_thumbnail)
    async with drawing(tmp_path) as (jobs, _):
        job = await jobs.submit()
        await until(at_it.is_set)
        assert (await jobs.get(job)).phase == "saving"
        await jobs.cancel(job)
        assert (await jobs.get(job)).cancelling
        go_on.set()
        assert (await jobs.ended(job)).state == "cancelled"
        assert list(jobs.store.files.iterdir()) == []


async def test_no_moment_is_a_bad_one_to_cancel(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, _):
        ends = set()
        for moment in range(0, 120, 3):
            job = await jobs.submit(order(steps=2))
            for _ in range(moment):
                await asyncio.sleep(0)
            await jobs.inside.cancel(job.id)
            ended = await jobs.ended(job)
            assert not ended.cancelling
            assert (ended.state == "succeeded") == ended.HasField("result")
            ends.add(ended.state)
        assert ends <= {"cancelled", "succeeded"}
        assert "cancelled" in ends
        again = await jobs.submit(order(steps=1))
        assert (await jobs.ended(again)).state == "succeeded"


async def test_cancelling_twice_and_after_the_end_changes_nothing(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        job = await jobs.submit()
        await until(lambda: worker.painter.at_step == 1)
        await asyncio.gather(*(jobs.cancel(job) for _ in range(5)))
        ended = await jobs.ended(job)
        await jobs.cancel(job)
        assert await jobs.get(job) == ended
        assert ended.state == "cancelled"


async def test_a_cancel_whose_caller_leaves_is_done_all_the_same(tmp_path: Path) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        job = await jobs.submit()
        await until(lambda: worker.painter.at_step == 1)
        cancelling = asyncio.create_task(jobs.inside.cancel(job.id))
        await asyncio.sleep(0)
        cancelling.cancel()
        assert (await jobs.ended(job)).state == "cancelled"


# --- Lost ----------------------------------------------------------------------------------------


def say(times: int, delay_seconds: float = 0.01, **fields: Any) -> echo_pb2.EchoRequest:
    return echo_pb2.EchoRequest(text="a", times=times, delay_seconds=delay_seconds, **fields)


@asynccontextmanager
async def echoing(folder: Path, worker: EchoProcess, **settings: Any) -> AsyncIterator[JobClient]:
    async with job_gateway(folder, echo_row(worker.port), **settings) as jobs:
        yield jobs


async def test_a_job_whose_worker_was_killed_waits_and_runs_again(tmp_path: Path) -> None:
    with echo_process() as worker:
        await worker.online()
        async with echoing(tmp_path, worker) as jobs:
            job = await jobs.submit(say(100_000), REPEAT)
            await jobs.until(job, lambda now: now.phase == "working")
            worker.kill()
            waiting = await jobs.until(job, lambda now: now.state == QUEUED)
            assert (waiting.attempts, waiting.queue_position) == (1, 0)
            assert "echo worker" in waiting.waiting_reason
            with echo_process(worker.port) as successor:
                await successor.online()
                again = await jobs.until(job, lambda now: now.phase == "working")
                assert (again.attempts, again.waiting_reason) == (2, "")
                await jobs.cancel(job)
                assert (await jobs.ended(job)).state == "cancelled"


async def test_a_job_that_waits_for_its_worker_can_be_cancelled(tmp_path: Path) -> None:
    async with job_gateway(tmp_path, echo_row(free_port())) as jobs:
        job = await jobs.submit(say(1), REPEAT)
        await jobs.until(job, lambda now: now.waiting_reason)
        await jobs.cancel(job)
        ended = await jobs.get(job)
        assert (ended.state, ended.attempts) == ("cancelled", 0)


async def test_a_worker_that_comes_for_the_first_time_is_given_what_waits_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No pause ends by itself here, so only the news that the worker is there can end it.
    monkeypatch.setattr(lane, "_MAX_PAUSE_SECONDS", 1e6)
    monkeypatch.setattr(runner, "_DEFAULT_PAUSE_SECONDS", 1e6)
    async with job_gateway(tmp_path, echo_row(free_port())) as jobs:
        port = jobs.running.gateway.monitors[0].target.rpartition(":")[2]
        job = await jobs.submit(say(1), REPEAT)
        await jobs.until(job, lambda now: now.waiting_reason)
        with echo_process(int(port)) as worker:
            await worker.online()
            ended = await jobs.ended(job)
            assert (ended.state, ended.attempts) == ("succeeded", 1)


async def test_a_worker_that_dies_under_each_attempt_fails_the_job(tmp_path: Path) -> None:
    with echo_process() as worker:
        await worker.online()
        async with echoing(tmp_path, worker, max_attempts=2) as jobs:
            job = await jobs.submit(say(1, die=True), REPEAT)
            await jobs.until(job, lambda now: now.state == QUEUED and now.attempts == 1)
            with echo_process(worker.port):
                ended = await jobs.ended(job)
                assert (ended.state, ended.attempts) == ("failed", 2)
                assert reason_of(ended) == "JOB_ATTEMPTS_EXHAUSTED"
                assert "each of its 2 attempts" in ended.error.message


async def test_a_frozen_worker_costs_an_attempt_and_not_the_job(tmp_path: Path) -> None:
    with echo_process() as worker:
        await worker.online()
        async with echoing(tmp_path, worker) as jobs:
            job = await jobs.submit(say(300), REPEAT)
            await jobs.until(job, lambda now: now.phase == "working")
            worker.freeze()
            await jobs.until(job, lambda now: now.state == QUEUED)
            worker.thaw()
            ended = await jobs.ended(job)
            assert (ended.state, ended.attempts) == ("succeeded", 2)


async def test_a_worker_whose_own_queue_is_full_is_asked_again_and_no_attempt_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_DEFAULT_PAUSE_SECONDS", 0.01)
    async with (
        studio(queue_size=1) as worker,
        job_gateway(tmp_path, image_row(worker.port)) as jobs,
    ):
        worker.painter.go.clear()
        others = [worker.call(), worker.call()]
        await until(lambda: worker.worker.lane.queued == 1)
        job = await jobs.submit()
        await jobs.until(job, lambda now: now.waiting_reason == "the worker's own queue is full")
        worker.painter.go.set()
        ended = await jobs.ended(job)
        assert (ended.state, ended.attempts) == ("succeeded", 1)
        for call in others:
            call.cancel()


# --- The gateway ends ----------------------------------------------------------------------------


async def test_a_job_that_ran_when_the_gateway_ended_runs_again_with_the_same_seed(
    tmp_path: Path,
) -> None:
    async with studio() as worker:
        worker.painter.go.clear()
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            job = await jobs.submit(image_pb2.GenerateImageRequest(prompt="a red apple"))
            await until(lambda: worker.painter.at_step == 1)
        worker.painter.go.set()
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            ended = await jobs.ended(job)
            assert (ended.state, ended.attempts) == ("succeeded", 1)
        assert len(set(seeds(worker))) == 1
        assert len(seeds(worker)) == 2


async def test_a_job_that_is_nearly_done_is_let_finish(tmp_path: Path) -> None:
    async with studio() as worker:
        worker.painter.go.clear()
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            job = await jobs.submit(order(seed=1))
            waits = await jobs.submit(order(seed=2))
            await until(lambda: worker.painter.at_step == 1)
            draining = asyncio.create_task(jobs.inside.drain(60))
            await asyncio.sleep(0)
            worker.painter.go.set()
            await draining
            assert (await jobs.get(job)).state == "succeeded"
            assert (await jobs.get(waits)).state == QUEUED
        assert seeds(worker) == [1]


async def test_a_wait_is_told_that_the_gateway_ends_before_its_job(tmp_path: Path) -> None:
    async with job_gateway(tmp_path, echo_row(free_port())) as jobs:
        job = await jobs.submit(say(1), REPEAT)
        await jobs.until(job, lambda now: now.waiting_reason)
        request = operations_pb2.WaitOperationRequest(name=f"operations/{job.id}")
        asking = asyncio.ensure_future(jobs.operations.WaitOperation(request))
        await jobs.get(job)
        await jobs.inside.drain(0)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asking
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_gateway_that_cannot_listen_costs_no_attempt(tmp_path: Path) -> None:
    async with studio() as worker:
        async with job_gateway(tmp_path, image_row(free_port())) as jobs:
            job = await jobs.submit()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            settings = Settings(
                gateway=GatewaySettings(
                    grpc_port=0, http_port=taken.getsockname()[1], metrics_port=0
                ),
                capabilities=(image_row(worker.port),),
                access=NO_KEYS,
                jobs=JobSettings(folder=str(tmp_path)),
            )
            gateway = Gateway(settings)
            with pytest.raises(SettingsError, match=r"gateway\.http_port"):
                await gateway.start()
            await gateway.stop(0)
        assert seeds(worker) == []
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            ended = await jobs.ended(job)
            assert (ended.state, ended.attempts) == ("succeeded", 1)


async def test_jobs_run_in_the_order_of_their_acceptance_after_a_restart(tmp_path: Path) -> None:
    async with studio() as worker:
        async with job_gateway(tmp_path, image_row(free_port())) as jobs:
            accepted = [await jobs.submit(order(seed=seed)) for seed in range(1, 6)]
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            for job in accepted:
                assert (await jobs.ended(job)).state == "succeeded"
        assert seeds(worker) == [1, 2, 3, 4, 5]


async def test_a_job_of_a_capability_that_the_settings_lack_waits_until_it_is_back(
    tmp_path: Path,
) -> None:
    async with studio() as worker:
        async with job_gateway(tmp_path, image_row(free_port())) as jobs:
            job, unwanted = await jobs.submit(), await jobs.submit()
        async with job_gateway(tmp_path, echo_row(free_port())) as jobs:
            waiting = await jobs.get(job)
            assert waiting.waiting_reason == "the settings have no such capability now"
            assert {item.id for item in await jobs.listed()} == {job.id, unwanted.id}
            await jobs.cancel(unwanted)
            assert (await jobs.get(unwanted)).state == "cancelled"
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            assert (await jobs.ended(job)).state == "succeeded"


# --- The disk is full ----------------------------------------------------------------------------


async def test_a_result_for_which_there_is_no_room_is_an_error_of_its_job_alone(
    tmp_path: Path,
) -> None:
    async with (
        film_studio() as worker,
        job_gateway(tmp_path, videogen_row(worker.port)) as jobs,
    ):
        clip = videogen_pb2.GenerateVideoRequest(prompt="a", image=picture_file(), seed=1)
        kept = await jobs.ended(await jobs.submit(clip, FILM))
        worker.camera.file = bytes(3_000_000)
        with no_file_larger_than(1_500_000):
            ended = await jobs.ended(await jobs.submit(clip, FILM))
        assert (ended.state, reason_of(ended)) == ("failed", "DISK_FULL")
        assert not list(jobs.store.files.glob(f"{ended.id}.1"))
        assert not list((tmp_path / "new").iterdir())
        assert await jobs.get(kept) == kept
        assert (await jobs.ended(await jobs.submit(clip, FILM))).state == "succeeded"


async def test_a_job_does_not_begin_while_the_disk_is_full_and_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "_DISK_PAUSE_SECONDS", 0.01)
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        first, second = await jobs.submit(order(seed=1)), await jobs.submit(order(seed=2))
        await until(lambda: worker.painter.at_step == 1)
        disk = FullDisk(jobs.store)
        disk.full = True
        worker.painter.go.set()
        await until(lambda: disk.refused > 2)
        disk.full = False
        ended = [await jobs.ended(job) for job in (first, second)]
        assert [job.state for job in ended] == ["failed", "succeeded"]
        assert reason_of(ended[0]) == "DISK_FULL"
        assert not list(jobs.store.files.glob(f"{first.id}.*"))


async def test_a_cancel_that_cannot_be_written_is_refused_and_the_job_goes_on(
    tmp_path: Path,
) -> None:
    async with drawing(tmp_path) as (jobs, worker):
        worker.painter.go.clear()
        job = await jobs.submit()
        await until(lambda: worker.painter.at_step == 1)
        disk = FullDisk(jobs.store)
        disk.full = True
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.cancel(job)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        disk.full = False
        worker.painter.go.set()
        assert (await jobs.ended(job)).state == "succeeded"


async def test_an_end_that_could_not_be_written_before_the_gateway_ended_comes_later(
    tmp_path: Path,
) -> None:
    async with studio() as worker:
        worker.painter.go.clear()
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            job = await jobs.submit()
            await until(lambda: worker.painter.at_step == 1)
            disk = FullDisk(jobs.store)
            disk.full = True
            worker.painter.go.set()
            await until(lambda: disk.refused > 1)
        async with job_gateway(tmp_path, image_row(worker.port)) as jobs:
            ended = await jobs.ended(job)
            assert (ended.state, ended.attempts) == ("succeeded", 2)
