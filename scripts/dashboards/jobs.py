"""Jobs: who waits how long, how they end, and the room that their results take."""

from grafana_foundation_sdk.models import units

from scripts.dashboards.board import Board
from scripts.dashboards.panels import GREEN, GREY, ORANGE, RED, bars, lines, tiles

_OF = 'capability=~"$capability"'
_ENDS = {"succeeded": GREEN, "failed": ORANGE, "cancelled": GREY}


def board() -> Board:
    """The dashboard."""
    made = Board(
        "atelier-jobs",
        "jobs",
        "Work that outlives its caller: its queue, its ends, its room.",
        capability=True,
        hours=24,
    )
    _now(made)
    _queue(made)
    _room(made)
    return made


def _now(made: Board) -> None:
    made.row(
        "Now",
        tiles(
            "Waiting",
            "Jobs that wait for their turn at the gateway.",
            units.Number,
            (f'sum by (capability) (atelier_jobs{{{_OF},state="queued"}})', "{{capability}}"),
            width=8,
        ),
        tiles(
            "Running",
            "Jobs that were given to their worker.",
            units.Number,
            (f'sum by (capability) (atelier_jobs{{{_OF},state="running"}})', "{{capability}}"),
            width=8,
        ),
        tiles(
            "The longest wait",
            "How long the longest waiting job has waited; 0 if none does. AtelierJobsWaitLong "
            "fires above an hour.",
            units.Seconds,
            (f"max by (capability) (atelier_jobs_oldest_wait_seconds{{{_OF}}})", "{{capability}}"),
            width=8,
            steps=((None, GREEN), (600, ORANGE), (3600, RED)),
        ),
    )


def _queue(made: Board) -> None:
    made.row(
        "Queue",
        lines(
            "Waiting and running",
            "The limit is for the waiting jobs of all capabilities together.",
            units.Number,
            (
                f"sum by (capability, state) (atelier_jobs{{{_OF}}})",
                "{{capability}} {{state}}",
            ),
            ("max(atelier_jobs_queue_limit)", "limit"),
        ),
        bars(
            "How jobs ended",
            "A job whose worker or gateway was lost is begun anew, and ends only once.",
            units.Number,
            (
                "sum by (capability, state) "
                f"(increase(atelier_jobs_ended_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}} {{state}}",
            ),
            colours=_ENDS,
        ),
        lines(
            "Wait for the first attempt",
            "Of the jobs that began in the last hour.",
            units.Seconds,
            (_wait(0.5), "{{capability}} half"),
            (_wait(0.95), "{{capability}} 95 of 100"),
        ),
        bars(
            "Refused",
            "Jobs that were told to come back later, since too many waited.",
            units.Number,
            (
                "sum by (capability) "
                f"(increase(atelier_jobs_refused_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}}",
            ),
        ),
    )


def _wait(q: float) -> str:
    family = f"atelier_job_wait_seconds_bucket{{{_OF}}}"
    return f"histogram_quantile({q}, sum by (capability, le) (rate({family}[1h])))"


def _room(made: Board) -> None:
    made.row(
        "Room",
        lines(
            "Kept results",
            "Bytes of the files of all jobs.",
            units.BytesIEC,
            ("sum(atelier_jobs_stored_bytes)", "kept"),
            width=8,
        ),
        lines(
            "Free room",
            "Of the disk on which jobs are kept. AtelierDiskFillsUp fires when little is left.",
            units.BytesIEC,
            ('min(atelier_disk_free_bytes{folder="jobs"})', "free"),
            width=8,
        ),
        bars(
            "Deleted to make room",
            "Ended jobs that went before their time, the oldest first.",
            units.Number,
            ("sum(increase(atelier_jobs_evicted_total[$__rate_interval]))", "jobs"),
            width=8,
        ),
    )
