"""One index that holds all that lists ask for, in place of two that held a part each."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the one and drops the two."""
    op.create_index("ix_jobs_listed", "jobs", ["submitter", "capability", "state", "sequence"])
    op.drop_index("ix_jobs_state_sequence", "jobs")
    op.drop_index("ix_jobs_capability_sequence", "jobs")


def downgrade() -> None:
    """Makes the two and drops the one."""
    op.create_index("ix_jobs_state_sequence", "jobs", ["state", "sequence"])
    op.create_index("ix_jobs_capability_sequence", "jobs", ["capability", "sequence"])
    op.drop_index("ix_jobs_listed", "jobs")
