"""Files of jobs by HTTP: parts, conditions, media types, and nothing that could run as a page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from atelier.jobs.v1 import jobs_pb2
from services.gateway.jobs.http import file_name, file_paths
from services.gateway.jobs.record import StoredFile
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

CLIP = bytes(range(256)) * 8


@asynccontextmanager
async def filmed(
    folder: Path,
) -> AsyncIterator[tuple[JobClient, jobs_pb2.Job, aiohttp.ClientSession]]:
    """A job that has made a clip, and a browser."""
    from atelier.videogen.v1 import videogen_pb2

    async with (
        film_studio() as worker,
        job_gateway(folder, videogen_row(worker.port)) as jobs,
        aiohttp.ClientSession(f"http://127.0.0.1:{jobs.running.http_port}") as browser,
    ):
        worker.camera.file = CLIP
        clip = videogen_pb2.GenerateVideoRequest(image=picture_file())
        job = await jobs.ended(await jobs.submit(clip, FILM))
        yield jobs, job, browser


async def test_a_result_comes_whole_with_all_that_a_browser_wants_to_know(
    tmp_path: Path,
) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        [file] = job.result.files
        async with browser.get(file.url) as answer:
            assert await answer.read() == CLIP
            assert answer.headers["Content-Type"] == "video/mp4"
            assert answer.headers["Accept-Ranges"] == "bytes"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "immutable" in answer.headers["Cache-Control"]
            disposition = answer.headers["Content-Disposition"]
            assert disposition == f'inline; filename="atelier-{job.id}-0.mp4"'
        async with browser.get(file.url, params={"download": ""}) as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment;")
        async with browser.head(file.url) as answer:
            assert answer.headers["Content-Length"] == str(len(CLIP))


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=2000-", 2000, 2048),
     ("bytes=-10", 2038, 2048), ("bytes=2040-9999", 2040, 2048)],
)  # fmt: skip
async def test_a_part_of_a_clip_can_be_asked_for(
    tmp_path: Path, wanted: str, start: int, end: int
) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        url = job.result.files[0].url
        async with browser.get(url, headers={"Range": wanted}) as answer:
            assert answer.status == 206
            assert await answer.read() == CLIP[start:end]
            assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"


async def test_a_part_behind_the_end_is_refused(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        url = job.result.files[0].url
        async with browser.get(url, headers={"Range": "bytes=5000-"}) as answer:
            assert answer.status == 416
            assert answer.headers["Content-Range"] == f"bytes */{len(CLIP)}"


@pytest.mark.parametrize(
    "wanted",
    ["items=0-1", "bytes=0-1,5-6", "bytes=9-3", "bytes=", "bytes=a-b", "bytes=-0", "x" * 99],
)
async def test_a_range_that_is_none_gets_the_whole(tmp_path: Path, wanted: str) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        url = job.result.files[0].url
        async with browser.head(url) as answer:
            usual = answer.headers
        async with browser.get(url, headers={"Range": wanted}) as answer:
            assert (answer.status, await answer.read()) == (200, CLIP)
            for name in ("ETag", "Last-Modified", "Accept-Ranges", "Content-Length"):
                assert answer.headers[name] == usual[name]
            assert answer.headers["Content-Type"] == "video/mp4"


async def test_what_a_browser_has_it_need_not_fetch_again(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        url = job.result.files[0].url
        async with browser.get(url) as answer:
            etag = answer.headers["ETag"]
        async with browser.get(url, headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304
        async with browser.get(url, headers={"If-Range": etag, "Range": "bytes=0-9"}) as answer:
            assert (answer.status, await answer.read()) == (206, CLIP[:10])


async def test_inputs_and_thumbnails_are_where_the_job_says(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        async with browser.get(job.inputs[0].url) as answer:
            assert (answer.headers["Content-Type"], await answer.read()) == (
                "image/png", picture_file(),
            )  # fmt: skip
        async with browser.get(job.thumbnail.url) as answer:
            assert (await answer.read())[:4] == b"RIFF"


async def test_a_preview_is_shown_while_its_job_runs_and_never_kept(tmp_path: Path) -> None:
    async with studio() as worker, job_gateway(tmp_path, image_row(worker.port)) as jobs:
        base = f"http://127.0.0.1:{jobs.running.http_port}"
        async with aiohttp.ClientSession(base) as browser:
            worker.painter.go = Turnstile(1)
            job = await jobs.submit(order(steps=4, preview_every_steps=1))
            seen = await jobs.until(job, lambda now: now.HasField("preview"))
            async with browser.get(seen.preview.url) as answer:
                assert await answer.read() == b"\xff\xd8\xff preview"
                assert answer.headers["Cache-Control"] == "no-store"
            async with browser.get(f"/v1/jobs/{job.id}/results/0") as answer:
                assert answer.status == 400
                assert (await answer.json())["error"]["status"] == "FAILED_PRECONDITION"


async def test_what_could_run_as_a_page_is_only_saved(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (jobs, job, browser):
        with jobs.store._database._engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE files SET content_type = CASE name WHEN 'results/0' THEN 'text/html' "
                "ELSE 'image/svg+xml' END"
            )
        for url in (job.result.files[0].url, job.thumbnail.url):
            async with browser.get(url) as answer:
                assert answer.headers["Content-Disposition"].startswith("attachment;")
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["nobody/results/0", "{id}/results/1", "{id}/results/x", "{id}/inputs/..%2F..%2Flock",
     "{id}/inputs/%2e%2e", "{id}/preview"],
)  # fmt: skip
async def test_what_there_is_not_is_not_found(tmp_path: Path, path: str) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        async with browser.get(f"/v1/jobs/{path.format(id=job.id)}") as answer:
            assert answer.status == 404, await answer.text()


async def test_a_deleted_job_takes_its_files_with_it(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (_, job, browser):
        async with browser.delete(f"/v1/operations/{job.id}") as answer:
            assert answer.status == 200
        async with browser.get(job.result.files[0].url) as answer:
            assert answer.status == 404


async def test_all_jobs_can_be_listed_by_http_whatever_the_settings_know(tmp_path: Path) -> None:
    async with filmed(tmp_path) as (_, job, _browser):
        pass
    async with job_gateway(tmp_path, image_row(free_port())) as jobs:
        base = f"http://127.0.0.1:{jobs.running.http_port}"
        async with aiohttp.ClientSession(base) as browser, browser.get("/v1/jobs") as answer:
            [shown] = (await answer.json())["jobs"]
        assert (shown["id"], shown["state"]) == (job.id, "succeeded")


@pytest.mark.parametrize(
    ("content_type", "name", "expected"),
    [
        ("video/mp4", "results/0", "atelier-j-0.mp4"),
        ("audio/wav", "results/1", "atelier-j-1.wav"),
        ("audio/L16;rate=22050", "results/0", "atelier-j-0.pcm"),
        ("image/webp", "thumbnail", "atelier-j-thumbnail.webp"),
        ("image/png", "inputs/frames[2]", "atelier-j-inputs-frames-2-.png"),
        ("made/up", "results/0", "atelier-j-0.bin"),
    ],
)
def test_a_download_has_a_telling_name(content_type: str, name: str, expected: str) -> None:
    file = StoredFile(name=name, content_type=content_type, size_bytes=1, sha256="")
    assert file_name("j", file) == expected


def test_the_routes_of_files_are_described() -> None:
    described = file_paths()
    assert set(described) == {
        f"/v1/jobs/{{id}}/{path}"
        for path in ("results/{name}", "inputs/{name}", "preview", "thumbnail")
    }
