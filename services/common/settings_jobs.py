"""The [jobs] table: where jobs are kept, how many may wait, and how long results stay."""

from dataclasses import dataclass

from services.common.settings_checks import require_not_negative, require_positive


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """The [jobs] table."""

    folder: str = "var/jobs"
    """Folder of the database and the results, relative to the repository unless absolute."""
    database: str = ""
    """A SQLAlchemy URL, for this gateway alone; by default a SQLite file in the folder."""
    queue_size: int = 256
    """How many jobs may wait, all callers together; the next one is told to come back later."""
    running_per_capability: int = 1
    """How many jobs of one capability are given to its worker at a time."""
    max_attempts: int = 3
    """How often a job may be begun: again after its worker or the gateway was lost under it."""
    keep_count: int = 1000
    """How many ended jobs are kept; the oldest go first."""
    keep_days: float = 30.0
    """How long an ended job is kept, in days."""
    keep_mib: int = 10240
    """How many MiB the kept results may have together."""
    private: bool = True
    """Whether an API key sees and changes its own jobs only. Without keys all are everybody's."""
    leave_grace_seconds: float = 30.0
    """How long after its submitter left a job that is to be dropped then goes on."""

    def __post_init__(self) -> None:
        require_positive(
            "jobs",
            queue_size=self.queue_size,
            running_per_capability=self.running_per_capability,
            max_attempts=self.max_attempts,
            keep_count=self.keep_count,
            keep_days=self.keep_days,
            keep_mib=self.keep_mib,
        )
        require_not_negative("jobs", leave_grace_seconds=self.leave_grace_seconds)
