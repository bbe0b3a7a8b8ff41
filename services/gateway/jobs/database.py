"""The jobs' database: its engine, its form, and the threads that use it. Knows no job.

One thread writes, so that SQLite never has two writers; another reads beside it, which WAL allows.
SQLite's own settings stand in one place here, so that another database follows by its URL.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from services.common.errors import ShuttingDown
from services.common.settings import SettingsError
from services.gateway.jobs.record import DiskFull

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "atelier_writes"
"""An execution option: the transaction will write."""
_FULL = ("database or disk is full", "disk I/O error", "No space left")


class Database:
    """Runs functions of a connection, each in one transaction, off the event loop.

    All raise ShuttingDown after close().
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="jobs-writer")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="jobs-reader")
        self._closed = False

    @property
    def name(self) -> str:
        """Its URL, without the password."""
        return self._engine.url.render_as_string(hide_password=True)

    async def migrate(self) -> None:
        """Brings the database to the newest form. Raises SettingsError if it cannot be used."""
        try:
            await self._run(self._writer, lambda: migrate(self._engine))
        except (SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise SettingsError("jobs.database", f"cannot be used: {reason}") from error

    async def write(self, act: Callable[[Connection], T]) -> T:
        """Runs `act` in a transaction of the only writer. Raises DiskFull."""

        def transact() -> T:
            with self._engine.connect() as connection:
                writing = connection.execution_options(**{_WRITES: True})
                with writing.begin():
                    return act(writing)

        try:
            return await self._run(self._writer, transact)
        except OperationalError as error:
            if any(words in str(error.orig) for words in _FULL):
                raise DiskFull from error
            raise

    async def read(self, act: Callable[[Connection], T]) -> T:
        """Runs `act` beside the writer; it sees what was committed before it began."""

        def transact() -> T:
            with self._engine.connect() as connection:
                return act(connection)

        return await self._run(self._reader, transact)

    async def close(self) -> None:
        """Waits for what is under way, and closes all connections."""
        self._closed = True
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._engine.dispose()

    async def _run(self, executor: ThreadPoolExecutor, act: Callable[[], T]) -> T:
        if self._closed:
            raise ShuttingDown
        # Shielded: a transaction that its caller no longer waits for still ends as a whole.
        future = asyncio.get_running_loop().run_in_executor(executor, act)
        return await asyncio.shield(future)


def migrate(engine: Engine) -> None:
    """Runs the migrations that the database has not had."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _engine(url: str) -> Engine:
    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise SettingsError("jobs.database", f"is no usable URL: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    """An accepted job has to survive a crash of the machine: synchronous is FULL."""
    # Python's own way begins no transaction for reading, and none for changing tables, so that a
    # look would see two moments, and a migration that was killed would have done a half.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "busy_timeout = 10000",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """One who will write waits for the lock at once; later it would be refused without waiting."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
