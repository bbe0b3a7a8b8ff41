"""Tokens: how soon the first one comes, how fast the others follow, and how many there are."""

from grafana_foundation_sdk.models import units

from scripts.dashboards.board import Board
from scripts.dashboards.panels import bars, heat, lines, tiles

_FIRST = "atelier_llm_time_to_first_token_seconds"
_SPEED = "atelier_llm_tokens_per_second"


def board() -> Board:
    """The dashboard."""
    made = Board("atelier-llm", "language model", "Tokens, and the time to the first one.")
    _first_token(made)
    _tokens(made)
    _batch(made)
    return made


def _quantile(q: float, family: str) -> str:
    return f"histogram_quantile({q}, sum by (le) (rate({family}_bucket[30m])))"


def _first_token(made: Board) -> None:
    made.row(
        "The first token",
        lines(
            "Time to the first token",
            "What a reader waits for. Of the chats of the last 30 minutes, from arrival on, with "
            "the wait in the queue and the loading of the model.",
            units.Seconds,
            (_quantile(0.5, _FIRST), "half"),
            (_quantile(0.95, _FIRST), "95 of 100"),
            (_quantile(0.99, _FIRST), "99 of 100"),
        ),
        heat(
            "Spread of the time to the first token",
            "How many chats had to wait how long.",
            units.Seconds,
            f"sum by (le) (increase({_FIRST}_bucket[$__rate_interval]))",
        ),
    )


def _tokens(made: Board) -> None:
    made.row(
        "Tokens",
        lines(
            "Tokens a second",
            "Read in conversations, and written in answers, all callers together.",
            units.CountsPerSecond,
            (
                "sum by (direction) (rate(atelier_llm_tokens_total[$__rate_interval]))",
                "{{direction}}",
            ),
        ),
        lines(
            "Speed of an answer",
            "Tokens a second that one reader gets, of the answers of the last 30 minutes.",
            units.CountsPerSecond,
            (_quantile(0.5, _SPEED), "half"),
            (_quantile(0.05, _SPEED), "the slowest of 20"),
        ),
        tiles(
            "Tokens",
            "In the time that is shown.",
            units.Short,
            (
                "sum by (direction) (increase(atelier_llm_tokens_total[$__range]))",
                "{{direction}}",
            ),
        ),
        tiles(
            "Length of an answer",
            "Tokens of an answer on the average, in the time that is shown.",
            units.Number,
            (
                'sum(increase(atelier_llm_tokens_total{direction="out"}[$__range])) '
                f"/ sum(increase({_FIRST}_count[$__range]))",
                "tokens",
            ),
        ),
    )


def _batch(made: Board) -> None:
    made.row(
        "The batch",
        lines(
            "Who shares the batch",
            "Chats that are computed together, and those that wait for a place.",
            units.Number,
            ("sum(atelier_llm_batch_size)", "in the batch"),
            ('sum(atelier_worker_queue_depth{capability="llm"})', "waiting"),
        ),
        lines(
            "Time by stage",
            "Prefill reads the conversation, decode writes the answer; on the average of the last "
            "30 minutes.",
            units.Seconds,
            (
                'sum by (stage) (rate(atelier_worker_task_seconds_sum{capability="llm"}[30m])) '
                '/ sum by (stage) (rate(atelier_worker_task_seconds_count{capability="llm"}[30m]))',
                "{{stage}}",
            ),
        ),
        bars(
            "Chats by how they ended",
            "Neutral is the caller's own doing.",
            units.Number,
            (
                "sum by (verdict) (increase("
                'atelier_capability_verdicts_total{capability="llm"}[$__rate_interval]))',
                "{{verdict}}",
            ),
        ),
        lines(
            "From cancel to idle",
            "How soon the work stops once its reader has left; 95 of 100, of the last 30 minutes.",
            units.Seconds,
            (
                "histogram_quantile(0.95, sum by (le) (rate("
                'atelier_worker_cancel_to_idle_seconds_bucket{capability="llm"}[30m])))',
                "95 of 100",
            ),
        ),
    )
