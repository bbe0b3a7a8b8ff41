"""Jobs of the real stack: as the README submits them, and killed with -9 in the middle."""

import json
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from tests.e2e.test_readme import CODE, block, run
from tests.support.real_stack import RealStack, kill_hard, real_stack, without

pytestmark = pytest.mark.starter
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A stack of its own: others need not bear that its gateway is killed."""
    with real_stack(tmp_path_factory.mktemp("jobs"), **without("llm", "tts")) as running:
        yield running


def job(stack: RealStack, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.get(f"/v1/jobs/{job_id}"))
    return found


def until(stack: RealStack, job_id: str, *states: str) -> dict[str, Any]:
    """Asks again and again, also while the gateway is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: dict[str, Any] = {}
    while time.monotonic() < deadline:
        try:
            found = job(stack, job_id)
        except (urllib.error.URLError, ConnectionError):
            found = {"state": "unreachable"}
        if found["state"] in states:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{job_id} did not become {states}: {found}")


def submitted(stack: RealStack, picture: dict[str, object]) -> str:
    """The id of a job for a picture."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}/v1/image/generate",
        json.dumps(picture).encode(),
        {"Content-Type": "application/json", "Prefer": "respond-async"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 202
        return str(json.loads(answer.read())["metadata"]["id"])


def gateway_of(stack: RealStack) -> psutil.Process:
    port = stack.port("GATEWAY_GRPC_PORT")
    for process in psutil.process_iter(["cmdline"]):
        if "services.gateway" in (process.info["cmdline"] or []):
            for connection in process.net_connections(kind="tcp"):
                if connection.laddr.port == port and connection.status == "LISTEN":
                    return process
    raise AssertionError("no gateway listens")


def frames_of(data: bytes, folder: Path) -> int:
    target = folder / "clip.mp4"
    target.write_bytes(data)
    with av.open(str(target)) as clip:
        return len(list(clip.decode(video=0)))


def test_clips_submitted_in_three_ways_outlive_kill_9_of_gateway_and_worker(
    stack: RealStack, tmp_path: Path
) -> None:
    run(stack, block("curl", "rocket.mp4"), tmp_path)
    # A new worker has to load its model first, so the job is in the middle when all is killed.
    kill_hard(stack.worker("videogen"))

    by_http = json.loads(run(stack, block("curl", "respond-async"), tmp_path))
    again = json.loads(run(stack, block("curl", "respond-async"), tmp_path))
    assert again["name"] == by_http["name"], "the same idempotency key made a second job"
    by_grpc = json.loads(run(stack, block("printf", "SubmitJob"), tmp_path))
    (tmp_path / "submit.py").write_text(stack.here(CODE[1]))
    by_openai, status = run(stack, "python -W ignore submit.py", tmp_path).split()
    assert status in ("queued", "in_progress")

    first = by_http["name"].removeprefix("operations/")
    second = by_grpc["name"].removeprefix("operations/")
    third = by_openai.removeprefix("video_")
    running = until(stack, first, "running")
    kill_hard(gateway_of(stack))
    kill_hard(stack.worker("videogen"))

    for job_id in (first, second, third):
        ended = until(stack, job_id, "succeeded", "failed", "cancelled")
        assert ended["state"] == "succeeded", ended
        [file] = ended["result"]["files"]
        assert frames_of(stack.get(file["url"]), tmp_path) == 8
        assert ended["thumbnail"]["content_type"] == "image/webp"
    after = job(stack, first)
    assert after["attempts"] > running["attempts"]
    assert after["request"]["seed"] == running["request"]["seed"]

    run(stack, block("job=$(curl"), tmp_path)
    assert frames_of((tmp_path / "clip.mp4").read_bytes(), tmp_path) == 8
    folder = Path(stack.env["ATELIER_JOBS_FOLDER"])
    with sqlite3.connect(folder / "jobs.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    assert list((folder / "new").iterdir()) == []


def test_the_watch_tells_how_a_job_goes(stack: RealStack) -> None:
    watch = subprocess.Popen(
        ["bash", "-c", f"exec {stack.here(block('curl -sN', 'jobs:watch'))}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watch.stdout is not None
    try:
        events = (json.loads(line[6:]) for line in watch.stdout if line.startswith("data: "))
        assert next(events)["caught_up"]
        job_id = submitted(stack, {"prompt": "a red apple", "seed": 7})
        states: list[str] = []
        for event in events:
            states += [each["state"] for each in event["jobs"] if each["id"] == job_id]
            if "succeeded" in states:
                break
    finally:
        watch.kill()
        watch.wait()
        watch.stdout.close()
    assert "running" in states
    assert job(stack, job_id)["result"]["messages"][0]["image"]["seed"] == 7
