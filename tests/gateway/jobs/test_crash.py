"""A store that is killed at any step of its work holds whole jobs only, and all it accepted."""

import hashlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from services.gateway.jobs.record import ENDED, SUCCEEDED, JobRecord
from services.gateway.jobs.store import JobStore
from tests.support.kept_jobs import open_store, run_job


async def every_job(store: JobStore) -> list[JobRecord]:
    return list((await store.page(page_size=1000)).records)


def answered(folder: Path) -> dict[str, list[str]]:
    """What the store had promised before it was killed."""
    promised: dict[str, list[str]] = {"accepted": [], "ended": []}
    for line in (folder / "answered").read_text().splitlines():
        what, job_id = line.split()
        promised[what].append(job_id)
    return promised


def check_database(folder: Path) -> None:
    with sqlite3.connect(folder / "jobs.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()


def check_files(folder: Path, records: list[JobRecord]) -> None:
    """Each file of a row is there as it was written, and there is no other."""
    for record in records:
        for file in record.files:
            content = file.path.read_bytes()
            assert len(content) == file.size_bytes
            assert hashlib.sha256(content).hexdigest() == file.sha256
        names = [file.name for file in record.files if file.name.startswith("results/")]
        assert names == (["results/0", "results/1"] if record.state == SUCCEEDED else [])
    named = {file.path for record in records for file in record.files}
    there = {path for path in (folder / "files").rglob("*") if path.is_file()}
    assert there == named
    assert list((folder / "new").iterdir()) == []


async def check_after_a_crash(folder: Path) -> None:
    promised = answered(folder)
    store = await open_store(folder / "jobs", keep_count=1)
    try:
        waiting = await store.recover()
        records = await every_job(store)
        check_files(folder / "jobs", records)
        by_id = {record.id: record for record in records}
        # Only an end that came later may have taken a promised job away.
        for job_id in promised["accepted"][-1:]:
            assert job_id in by_id
        for job_id in set(promised["ended"]) & by_id.keys():
            assert by_id[job_id].state == SUCCEEDED
        assert [record.id for record in waiting] == [
            record.id for record in reversed(records) if record.state not in ENDED
        ]
        for record in waiting:
            await run_job(store, record, b"again", b"another")
        assert all(record.ended for record in await every_job(store))
    finally:
        await store.close()
    check_database(folder / "jobs")


async def test_no_step_of_the_work_is_a_bad_moment_to_be_killed(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.support.kept_jobs_crash", str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    steps = int(killed.stdout)
    assert steps > 50
    for step in range(1, steps + 1):
        await check_after_a_crash(tmp_path / str(step))
