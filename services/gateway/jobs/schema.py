"""The tables of the jobs' database. Knows SQLAlchemy, no particular database.

The migrations bring a database to this form; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

# SQLite counts up by itself in a column of this very type only.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    Column("sequence", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("capability", String(64), nullable=False),
    Column("method", String(256), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("submitter", String(128), nullable=False),
    # NULL for none: as many jobs as one likes may have no key.
    Column("idempotency_key", String(128), nullable=True),
    Column("presence", String(128), nullable=False),
    Column("on_leave", String(16), nullable=False),
    Column("retry_of", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    # Microseconds since 1970.
    Column("create_time", BigInteger, nullable=False),
    Column("start_time", BigInteger, nullable=True),
    Column("end_time", BigInteger, nullable=True),
    Column("error", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    # The sum of its files.
    Column("stored_bytes", BigInteger, nullable=False),
    # The span that submitted it, as W3C's header names it; empty where nobody traces.
    Column("traceparent", String(64), nullable=False, server_default=""),
    UniqueConstraint("submitter", "idempotency_key"),
    # All that lists ask for, so that they need not look at whole jobs: see newest() in rows.py.
    Index("ix_jobs_listed", "submitter", "capability", "state", "sequence"),
    Index("ix_jobs_end_time", "end_time"),
    sqlite_autoincrement=True,
)

files = Table(
    "files",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column(
        "job_sequence",
        _COUNTED,
        ForeignKey("jobs.sequence", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(256), nullable=False),
    Column("content_type", String(256), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # Relative to the folder of the files.
    Column("path", String(256), nullable=False),
    UniqueConstraint("job_sequence", "name"),
)
