"""What one caller cannot do with the jobs of another, and what no caller can do with any."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest

from atelier.jobs.v1 import jobs_pb2, jobs_pb2_grpc
from services.common.settings_jobs import JobSettings
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.image_fakes import studio
from tests.support.locked import Keys, bearer
from tests.support.openai_stack import rows
from tests.support.ports import free_port


@asynccontextmanager
async def two_callers(
    keys: Keys, folder: Path, *, draws: bool = True, **settings: Any
) -> AsyncIterator[tuple[RunningGateway, aiohttp.ClientSession, aiohttp.ClientSession]]:
    """A gateway that asks for keys, and HTTP sessions of ada and bob.

    Unless it `draws`, the image worker ends no picture.
    """
    secrets = [keys.add("ada"), keys.add("bob")]
    away = free_port()
    async with studio() as image:
        if draws:
            image.painter.go.set()
        ports = {"llm": away, "tts": away, "image": image.port, "videogen": away}
        jobs = JobSettings(folder=str(folder), **settings)
        async with running_gateway(0, rows(ports), access=keys.settings, jobs=jobs) as running:
            base = f"http://127.0.0.1:{running.http_port}"
            ada, bob = (
                aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {secret}"})
                for secret in secrets
            )
            async with ada, bob:
                yield running, ada, bob


async def drawn(session: aiohttp.ClientSession) -> dict[str, Any]:
    """A job of this caller that has ended well."""
    headers = {"Prefer": "respond-async", "Idempotency-Key": "mine"}
    picture = {"prompt": "a dog"}
    async with session.post("/v1/image/generate", json=picture, headers=headers) as answer:
        assert answer.status == 202, await answer.text()
        name = (await answer.json())["name"]
    async with session.post(f"/v1/{name}:wait", json={}) as answer:
        job: dict[str, Any] = (await answer.json())["metadata"]
    assert job["state"] == "succeeded"
    return job


async def ids(session: aiohttp.ClientSession) -> list[str]:
    async with session.get("/v1/jobs") as answer:
        return [job["id"] for job in (await answer.json())["jobs"]]


async def test_a_key_neither_sees_nor_changes_the_jobs_of_another(
    keys: Keys, tmp_path: Path
) -> None:
    async with two_callers(keys, tmp_path) as (running, ada, bob):
        job = await drawn(ada)
        path, operation = f"/v1/jobs/{job['id']}", f"/v1/operations/{job['id']}"
        for method, url in (
            ("GET", path),
            ("GET", operation),
            ("GET", job["result"]["files"][0]["url"]),
            ("GET", job["thumbnail"]["url"]),
            ("GET", f"/v1/jobs:watch?id={job['id']}"),
            ("POST", f"{path}:retry"),
            ("PATCH", path),
            ("POST", f"{operation}:wait"),
            ("POST", f"{operation}:cancel"),
            ("DELETE", operation),
        ):
            body: dict[str, str] | None = {} if method in ("POST", "PATCH") else None
            async with bob.request(method, url, json=body) as answer:
                text = await answer.text()
                assert answer.status == 404 or "NOT_FOUND" in text, (method, url, text)
        assert await ids(bob) == []
        assert await ids(ada) == [job["id"]]
        assert (await drawn(bob))["id"] != job["id"], "an idempotency key was shared"

        stub: Any = jobs_pb2_grpc.JobServiceStub(running.channel)
        secret = bob.headers["Authorization"].removeprefix("Bearer ")
        request = jobs_pb2.ReadFileRequest(id=job["id"], file="results/0")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ReadFile(request, metadata=bearer(secret)).read()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_watch_tells_nothing_of_the_jobs_of_another(keys: Keys, tmp_path: Path) -> None:
    async with two_callers(keys, tmp_path) as (_, ada, bob):
        async with bob.get("/v1/jobs:watch") as watch:
            assert "caught_up" in (await watch.content.readuntil(b"\n\n")).decode()
            theirs, own = await drawn(ada), await drawn(bob)
            told = ""
            while f'"id": "{own["id"]}"' not in told:
                told += (await watch.content.readuntil(b"\n\n")).decode()
            assert theirs["id"] not in told


async def test_a_key_does_not_keep_the_jobs_of_another_going(keys: Keys, tmp_path: Path) -> None:
    async with two_callers(keys, tmp_path, draws=False, leave_grace_seconds=0.0) as (_, ada, bob):
        async with bob.get("/v1/jobs:watch?presence=tab") as watch:
            await watch.content.readuntil(b"\n\n")
            job = {
                "method": "/atelier.image.v1.ImageService/GenerateImage",
                "request": {
                    "@type": "type.googleapis.com/atelier.image.v1.GenerateImageRequest",
                    "prompt": "a dog",
                },
                "presence": "tab",
                "onLeave": "drop",
            }
            async with ada.post("/v1/jobs", json=job) as answer:
                assert answer.status == 200, await answer.text()
                name = (await answer.json())["name"]
            async with ada.post(f"/v1/{name}:wait", json={}) as answer:
                assert (await answer.json())["metadata"]["state"] == "cancelled"


async def test_jobs_can_be_shared_by_all_keys(keys: Keys, tmp_path: Path) -> None:
    async with two_callers(keys, tmp_path, private=False) as (_, ada, bob):
        job = await drawn(ada)
        assert await ids(bob) == [job["id"]]
        assert job["submitter"] == "ada"


async def test_no_name_of_a_file_leads_out_of_its_job(keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    async with two_callers(keys, tmp_path / "jobs") as (running, ada, _):
        job = await drawn(ada)
        stub: Any = jobs_pb2_grpc.JobServiceStub(running.channel)
        key = bearer(ada.headers["Authorization"].removeprefix("Bearer "))
        for name in ("../secret", "/etc/passwd", "results/../../secret", "results/0/..", "", "\0"):
            request = jobs_pb2.ReadFileRequest(id=job["id"], file=name)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stub.ReadFile(request, metadata=key).read()
            assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        for tail in ("results/..%2f..%2f..%2fsecret", "results/%2e%2e", "inputs/..%2fx"):
            async with ada.get(f"/v1/jobs/{job['id']}/{tail}") as answer:
                assert answer.status == 404
