"""Jobs and their files."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes both tables."""
    op.create_table(
        "jobs",
        sa.Column("sequence", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("method", sa.String(256), nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("submitter", sa.String(128), nullable=False),
        sa.Column("idempotency_key", sa.String(128), nullable=True),
        sa.Column("presence", sa.String(128), nullable=False),
        sa.Column("on_leave", sa.String(16), nullable=False),
        sa.Column("retry_of", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("start_time", sa.BigInteger, nullable=True),
        sa.Column("end_time", sa.BigInteger, nullable=True),
        sa.Column("error", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary, nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_jobs"),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
        sa.UniqueConstraint(
            "submitter", "idempotency_key", name="uq_jobs_submitter_idempotency_key"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_state_sequence", "jobs", ["state", "sequence"])
    op.create_index("ix_jobs_capability_sequence", "jobs", ["capability", "sequence"])
    op.create_index("ix_jobs_end_time", "jobs", ["end_time"])
    op.create_table(
        "files",
        sa.Column("number", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("job_sequence", _COUNTED, nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("content_type", sa.String(256), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("path", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_files"),
        sa.ForeignKeyConstraint(
            ["job_sequence"],
            ["jobs.sequence"],
            name="fk_files_job_sequence",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("job_sequence", "name", name="uq_files_job_sequence_name"),
    )


def downgrade() -> None:
    """Drops both tables, with all jobs."""
    op.drop_table("files")
    op.drop_table("jobs")
