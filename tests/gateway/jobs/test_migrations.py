"""The migrations make exactly the tables that the code uses, and run once."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from services.common.settings import SettingsError
from services.gateway.jobs.database import MIGRATIONS, Database, migrate
from services.gateway.jobs.schema import metadata


def test_the_migrations_and_the_tables_agree(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    engine.dispose()


def test_a_database_of_the_newest_form_stays_as_it_is(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    migrate(engine)
    before = inspect(engine).get_table_names()
    migrate(engine)
    assert inspect(engine).get_table_names() == before
    engine.dispose()


async def test_a_file_that_is_no_database_is_refused_by_the_settings_name(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite3").write_bytes(b"no database at all" * 100)
    database = Database(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
    with pytest.raises(SettingsError, match=r"jobs\.database.*not a database"):
        await database.migrate()
    await database.close()
