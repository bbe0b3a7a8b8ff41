"""JobService by gRPC: what it checks before it asks the jobs, and files in chunks."""

import hashlib
from pathlib import Path

import grpc
import pytest

from atelier.jobs.v1 import jobs_pb2
from services.gateway.jobs.servicer import CHUNK_BYTES
from tests.support.image_fakes import studio
from tests.support.image_pictures import picture_file
from tests.support.kept_jobs_gateway import (
    FILM,
    JobClient,
    Turnstile,
    image_row,
    job_gateway,
    order,
    videogen_row,
)
from tests.support.ports import free_port
from tests.support.video_fakes import film_studio


async def read_file(
    jobs: JobClient, job_id: str, name: str
) -> tuple[jobs_pb2.JobFile, list[bytes]]:
    call = jobs.jobs.ReadFile(jobs_pb2.ReadFileRequest(id=job_id, file=name))
    answers = [answer async for answer in call]
    assert all(not answer.HasField("file") for answer in answers[1:])
    return answers[0].file, [answer.data for answer in answers]


async def test_a_large_file_comes_in_chunks_and_whole(tmp_path: Path) -> None:
    from atelier.videogen.v1 import videogen_pb2

    async with (
        film_studio() as worker,
        job_gateway(tmp_path, videogen_row(worker.port)) as jobs,
    ):
        worker.camera.file = bytes(range(256)) * 10_000
        clip = videogen_pb2.GenerateVideoRequest(image=picture_file())
        job = await jobs.ended(await jobs.submit(clip, FILM))
        file, chunks = await read_file(jobs, job.id, "results/0")
        assert file == job.result.files[0]
        assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES, 462_848]
        assert b"".join(chunks) == worker.camera.file
        assert hashlib.sha256(worker.camera.file).hexdigest() == file.sha256
        _, picture = await read_file(jobs, job.id, "inputs/image")
        assert b"".join(picture) == picture_file()


async def test_a_preview_can_be_read_while_its_job_runs(tmp_path: Path) -> None:
    async with studio() as worker, job_gateway(tmp_path, image_row(worker.port)) as jobs:
        worker.painter.go = Turnstile(1)
        job = await jobs.submit(order(steps=4, preview_every_steps=1))
        await jobs.until(job, lambda now: now.HasField("preview"))
        file, chunks = await read_file(jobs, job.id, "preview")
        assert (file.name, file.content_type, chunks) == (
            "preview", "image/jpeg", [b"\xff\xd8\xff preview"],
        )  # fmt: skip
        await jobs.stopped(job)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read_file(jobs, job.id, "preview")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("results/0", "FAILED_PRECONDITION"),
        ("thumbnail", "FAILED_PRECONDITION"),
        ("inputs/other", "NOT_FOUND"),
        ("../lock", "NOT_FOUND"),
    ],
)
async def test_a_file_that_is_not_there_is_not_yet_or_never(
    tmp_path: Path, name: str, code: str
) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        job = await jobs.submit()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read_file(jobs, job.id, name)
        assert caught.value.code().name == code


async def test_a_file_that_went_meanwhile_is_not_found(tmp_path: Path) -> None:
    async with studio() as worker, job_gateway(tmp_path, image_row(worker.port)) as jobs:
        job = await jobs.ended(await jobs.submit())
        for path in jobs.store.files.glob(f"{job.id}.*/*"):
            path.unlink()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read_file(jobs, job.id, "results/0")
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"page_token": "?"}, "page_token"),
        ({"states": ["queued", "dead"]}, "states[1]"),
    ],
)
async def test_a_list_that_cannot_be_is_refused_by_its_field(
    tmp_path: Path, fields: dict[str, object], field: str
) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await jobs.listed(**fields)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert str(caught.value.details()).startswith(field)


async def test_a_watch_for_a_state_that_there_is_not_is_refused(tmp_path: Path) -> None:
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async with jobs.watch(states=["dead"]) as watch:
                await watch.next()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
