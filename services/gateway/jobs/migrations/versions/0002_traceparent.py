"""Which span submitted a job, so that the spans of its attempts can link to it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column; jobs of before were not traced."""
    op.add_column(
        "jobs", sa.Column("traceparent", sa.String(64), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Drops the column."""
    op.drop_column("jobs", "traceparent")
