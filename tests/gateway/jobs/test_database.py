"""One writes, one reads beside it, and what goes wrong with the database is told by its name."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, insert, inspect, select
from sqlalchemy.exc import OperationalError

from services.common.errors import ShuttingDown
from services.common.settings import SettingsError
from services.gateway.jobs.database import Database, migrate
from services.gateway.jobs.record import DiskFull
from services.gateway.jobs.schema import files, jobs
from tests.support.kept_jobs_disk import let_not_grow

ROW = {
    "capability": "image",
    "method": "",
    "request": b"",
    "fingerprint": "",
    "submitter": "",
    "presence": "",
    "on_leave": "keep",
    "retry_of": "",
    "state": "queued",
    "cancelling": False,
    "attempts": 0,
    "max_attempts": 3,
    "create_time": 1,
    "error": b"",
    "result": b"",
    "stored_bytes": 0,
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    await opened.migrate()
    yield opened
    await opened.close()


def add(job_id: str, size: int = 0):
    def act(connection: Connection) -> None:
        connection.execute(insert(jobs).values(ROW | {"id": job_id, "request": bytes(size)}))

    return act


def ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(jobs.c.id).order_by(jobs.c.sequence)).scalars())


async def test_what_was_written_is_read(database: Database) -> None:
    await database.write(add("a"))
    assert await database.read(ids) == ["a"]


async def test_what_fails_half_way_has_not_happened(database: Database) -> None:
    def half(connection: Connection) -> None:
        add("a")(connection)
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(half)
    assert await database.read(ids) == []


async def test_a_read_sees_one_moment_though_others_write_meanwhile(database: Database) -> None:
    looked, written = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[list[str], list[str]]:
        first = ids(connection)
        looked.set()
        assert written.wait(30)
        return first, ids(connection)

    reading = asyncio.create_task(database.read(twice))
    await asyncio.to_thread(looked.wait, 30)
    await database.write(add("a"))
    written.set()
    assert await reading == ([], [])
    assert await database.read(ids) == ["a"]


async def test_a_write_whose_caller_leaves_still_happens_as_a_whole(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        add("a")(connection)
        begun.set()
        assert go_on.wait(30)
        add("b")(connection)

    writing = asyncio.create_task(database.write(slowly))
    await asyncio.to_thread(begun.wait, 30)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()
    await database.write(add("c"))
    assert await database.read(ids) == ["a", "b", "c"]


async def test_a_full_disk_is_an_error_of_the_new_and_no_loss_of_the_old(
    database: Database,
) -> None:
    await database.write(add("a"))
    let_not_grow(database)
    with pytest.raises(DiskFull) as caught:
        await database.write(add("b", size=1_000_000))
    assert caught.value.retry_after_seconds
    assert await database.read(ids) == ["a"]


async def test_another_error_is_not_taken_for_a_full_disk(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        await database.write(lambda connection: connection.exec_driver_sql("DELETE FROM nowhere"))


async def test_a_write_waits_for_one_who_holds_the_lock(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "jobs.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.write(add("a")))
    assert await database.read(ids) == []
    other.execute("COMMIT")
    other.close()
    await writing
    assert await database.read(ids) == ["a"]


async def test_after_its_end_it_says_so(database: Database) -> None:
    await database.close()
    with pytest.raises(ShuttingDown):
        await database.read(ids)
    with pytest.raises(ShuttingDown):
        await database.write(add("a"))


async def test_its_end_waits_for_a_read_that_is_under_way(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> list[str]:
        begun.set()
        assert go_on.wait(30)
        return ids(connection)

    reading = asyncio.create_task(database.read(slowly))
    await asyncio.to_thread(begun.wait, 30)
    closing = asyncio.create_task(database.close())
    go_on.set()
    assert await reading == []
    await closing


async def test_it_is_set_up_to_lose_nothing(database: Database) -> None:
    def pragmas(connection: Connection) -> dict[str, object]:
        names = ("journal_mode", "foreign_keys", "synchronous")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

    expected = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}
    assert await database.read(pragmas) == expected
    assert await database.write(pragmas) == expected


async def test_files_go_with_their_job(database: Database) -> None:
    def act(connection: Connection) -> int:
        add("a")(connection)
        values = {"name": "x", "content_type": "", "size_bytes": 1, "sha256": "", "path": ""}
        connection.execute(insert(files).values(values | {"job_sequence": 1}))
        connection.execute(jobs.delete())
        return len(connection.execute(select(files)).all())

    assert await database.write(act) == 0


def test_a_migration_that_was_broken_off_has_done_nothing(tmp_path: Path) -> None:
    engine = Database(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")._engine

    @event.listens_for(engine, "before_cursor_execute")
    def break_off(_c: object, _r: object, statement: str, *_: object) -> None:
        if "CREATE TABLE files" in statement:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        migrate(engine)
    engine.dispose()
    again = create_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    assert inspect(again).get_table_names() == []
    migrate(again)
    assert {"jobs", "files"} <= set(inspect(again).get_table_names())
    again.dispose()


@pytest.mark.parametrize("url", ["no url", "oracle+nowhere://x/y", "postgresql+asyncpg://x/y"])
def test_a_url_that_cannot_be_used_is_told_by_the_settings_name(url: str) -> None:
    with pytest.raises(SettingsError, match=r"jobs\.database: is no usable URL"):
        Database(url)
