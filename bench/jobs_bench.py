"""What looking at jobs costs when many are kept: 10,000 of them against 100.

Both stores stand on the same disk and are asked in turns, so a busy machine slows both. Times are
by the clock, from the event loop and back, as the faces see them; messages are made as well.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import Connection, insert

from atelier.image.v1 import image_pb2
from bench.rows import Row
from services.common.settings_jobs import JobSettings
from services.gateway.jobs.messages import job_message
from services.gateway.jobs.record import QUEUED, SUCCEEDED, JobRecord, NewJob
from services.gateway.jobs.schema import files, jobs
from services.gateway.jobs.store import JobStore

FEW, MANY = 100, 10_000
ROUNDS = 200
_WAITING = 10
_FIRST_LOOK_ROUNDS = 50

Look = Callable[[JobStore, list[str], int], Awaitable[int]]


async def _filled(folder: Path, count: int) -> tuple[JobStore, list[str]]:
    """A store of `count` jobs with an input and a result each; the newest ten wait."""
    settings = JobSettings(folder=str(folder), keep_count=2 * MANY)
    store = await JobStore.open(settings, lambda _ids: None)
    first, _ = await store.add(_new_job())
    running = await store.mark_running(first.id)
    assert running is not None  # noqa: S101 - nobody else has this store
    attempt = store.attempt(running)
    await attempt.take(_answer())
    await attempt.finish()
    pattern = await store.end(first.id, SUCCEEDED, attempt=attempt)
    assert pattern is not None  # noqa: S101 - as above
    ids = [first.id, *(f"{first.id[:-6]}{number:06d}" for number in range(1, count))]
    await store._database.write(lambda connection: _multiply(connection, pattern, ids))  # noqa: SLF001 - adding them one by one would take minutes
    await store.close()
    return await JobStore.open(settings, lambda _ids: None), ids


def _multiply(connection: Connection, pattern: JobRecord, ids: list[str]) -> None:
    """Rows like the pattern's, which share its files on disk."""
    rows, of_files = [], []
    for number, job_id in enumerate(ids[1:], start=2):
        waits = number > len(ids) - _WAITING
        rows.append(
            {
                "sequence": number,
                "id": job_id,
                "capability": "image" if number % 2 else "videogen",
                "method": pattern.method,
                "request": pattern.request,
                "fingerprint": "",
                "submitter": "",
                "presence": "",
                "on_leave": "keep",
                "retry_of": "",
                "state": QUEUED if waits else SUCCEEDED,
                "cancelling": False,
                "attempts": 0 if waits else 1,
                "max_attempts": 3,
                "create_time": number,
                "end_time": None if waits else round(time.time() * 1e6),
                "error": b"",
                "result": b"" if waits else pattern.result,
                "stored_bytes": 0,
            }
        )
        of_files += [
            {
                "job_sequence": number,
                "name": file.name,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
                "path": "/".join(file.path.parts[-2:]),
            }
            for file in pattern.files
        ]
    connection.execute(insert(jobs), rows)
    connection.execute(insert(files), of_files)


def _new_job() -> NewJob:
    return NewJob(
        capability="image",
        method="atelier.image.v1.ImageService/GenerateImage",
        request=image_pb2.GenerateImageRequest(prompt="a dog in the rain", image=b"picture"),
        fingerprint="",
    )


def _answer() -> image_pb2.GenerateImageResponse:
    image = image_pb2.GeneratedImage(data=b"result", content_type="image/png", seed=1)
    return image_pb2.GenerateImageResponse(image=image)


def _sent(records: list[JobRecord]) -> int:
    return sum(len(job_message(record).SerializeToString()) for record in records)


async def _list(store: JobStore, _ids: list[str], number: int) -> int:
    capability = ("", "image", "videogen")[number % 3]
    return _sent(list((await store.page(capability, (SUCCEEDED,), 50, submitter="")).records))


async def _last_page(store: JobStore, _ids: list[str], _number: int) -> int:
    return _sent(list((await store.page("image", (), 50, f"{60:x}", submitter="")).records))


async def _rare(store: JobStore, _ids: list[str], _number: int) -> int:
    return _sent(list((await store.page("image", (QUEUED,), 50, submitter="")).records))


async def _get(store: JobStore, ids: list[str], number: int) -> int:
    return _sent([await store.get(ids[number * 7919 % len(ids)])])


async def _first_look(store: JobStore, _ids: list[str], _number: int) -> int:
    return _sent(await store.first_look(submitter=""))


async def _end(store: JobStore, _ids: list[str], _number: int) -> int:
    record, _ = await store.add(_new_job())
    await store.mark_running(record.id)
    await store.end(record.id, "failed")
    await store.delete(record.id)
    return 1


async def _compare(
    few: tuple[JobStore, list[str]], many: tuple[JobStore, list[str]], look: Look, rounds: int
) -> dict[str, list[float]]:
    """Seconds of each look, sorted."""
    seconds: dict[str, list[float]] = {"few": [], "many": []}
    for number in range(rounds):
        pair = [("few", few), ("many", many)]
        for name, (store, ids) in pair if number % 2 else reversed(pair):
            began = time.perf_counter()
            if not await look(store, ids, number):
                raise RuntimeError("a look has found nothing")
            seconds[name].append(time.perf_counter() - began)
    return {name: sorted(values) for name, values in seconds.items()}


def _rows(name: str, seconds: dict[str, list[float]]) -> list[Row]:
    middle = {key: statistics.median(values) * 1e3 for key, values in seconds.items()}
    late = {key: values[len(values) * 99 // 100] * 1e3 for key, values in seconds.items()}
    against = f"{FEW} jobs"
    return [
        Row(f"jobs: {name}, {MANY:,} jobs, p50", middle["many"], "ms", against, middle["few"]),
        Row(f"jobs: {name}, {MANY:,} jobs, p99", late["many"], "ms", against, late["few"]),
    ]


async def _measure(folder: Path) -> list[Row]:
    few = await _filled(folder / "few", FEW)
    many = await _filled(folder / "many", MANY)
    rows: list[Row] = []
    try:
        for name, look, rounds in (
            ("a page of 50", _list, ROUNDS),
            ("the last page", _last_page, ROUNDS),
            ("the few that wait", _rare, ROUNDS),
            ("get", _get, ROUNDS),
            ("a watch's first look", _first_look, _FIRST_LOOK_ROUNDS),
            ("accept, run, end and delete", _end, ROUNDS // 4),
        ):
            rows += _rows(name, await _compare(few, many, look, rounds))
    finally:
        await few[0].close()
        await many[0].close()
    return rows


def run() -> list[Row]:
    """Takes all figures of the jobs' store; half a minute."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))
