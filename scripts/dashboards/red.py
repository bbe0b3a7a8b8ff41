"""Rate, errors and duration of each capability, of its methods and of the HTTP routes."""

from grafana_foundation_sdk.models import units

from scripts.dashboards.board import Board
from scripts.dashboards.panels import ORANGE, VERDICT_COLOURS, bars, heat, lines, tiles

_OF = 'capability=~"$capability"'
_GOOD = f'{_OF},verdict="success"'
# A service's second word is its capability.
_CALLS = 'job="atelier-gateway",grpc_service=~"atelier[.]($capability)[.].+"'


def board() -> Board:
    """The dashboard."""
    made = Board(
        "atelier-red",
        "tasks",
        "Rate, errors and duration of the capabilities' tasks, as their callers meet them.",
        capability=True,
    )
    _rate(made)
    _errors(made)
    _duration(made)
    _methods(made)
    _http(made)
    return made


def _rate(made: Board) -> None:
    made.row(
        "Rate",
        lines(
            "Tasks a minute",
            "Tasks that ended, however they did.",
            units.OpsPerMinute,
            (
                "60 * sum by (capability) "
                f"(rate(atelier_capability_verdicts_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}}",
            ),
        ),
        lines(
            "Running",
            "Tasks that run at the same time.",
            units.Number,
            (
                f"max by (capability) (atelier_capability_calls_running{{{_OF}}})",
                "{{capability}}",
            ),
        ),
    )


def _errors(made: Board) -> None:
    made.row(
        "Errors",
        bars(
            "How tasks ended",
            "Failure: by the capability's own fault. Offline: its worker was lost. Neutral: by the "
            "caller's doing.",
            units.Number,
            (
                "sum by (capability, verdict) "
                f"(increase(atelier_capability_verdicts_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}} {{verdict}}",
            ),
            colours=VERDICT_COLOURS,
        ),
        bars(
            "gRPC status codes",
            "What callers were told, by both faces; OK left out.",
            units.Number,
            (
                "sum by (grpc_code) (increase("
                f'grpc_server_handled_total{{{_CALLS},grpc_code!="OK"}}[$__rate_interval]))',
                "{{grpc_code}}",
            ),
        ),
        lines(
            "Failing part",
            "Of the tasks of the last 30 minutes that were not the caller's own mistake. "
            "AtelierTasksFail fires above a fifth.",
            units.PercentUnit,
            (f"capability:atelier_tasks_failed:ratio30m{{{_OF}}}", "{{capability}}"),
            highest=1,
        ),
        tiles(
            "Since the last failure",
            "Its code and message are in the status answer and in the gateway's log.",
            units.Seconds,
            (
                "time() - (max by (capability) "
                f"(atelier_capability_last_failure_timestamp_seconds{{{_OF}}}) > 0)",
                "{{capability}}",
            ),
            height=8,
            steps=((None, ORANGE),),
        ),
    )


def _quantile(q: float, by: str, selected: str, window: str = "30m") -> str:
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({selected}[{window}])))"


def _duration(made: Board) -> None:
    seconds = f"atelier_capability_task_seconds_bucket{{{_GOOD}}}"
    made.row(
        "Duration",
        lines(
            "How long tasks take",
            "Of the tasks of the last 30 minutes that succeeded, with the wait in the queue.",
            units.Seconds,
            (_quantile(0.5, "capability", seconds), "{{capability}} half"),
            (_quantile(0.95, "capability", seconds), "{{capability}} 95 of 100"),
            (_quantile(0.99, "capability", seconds), "{{capability}} 99 of 100"),
        ),
        heat(
            "Spread",
            "How many tasks that succeeded took how long.",
            units.Seconds,
            f"sum by (le) (increase({seconds}[$__rate_interval]))",
        ),
        lines(
            "Against the objective",
            "95 of 100 tasks of the last hour, and what objectives.yml allows. AtelierTasksSlow "
            "compares them.",
            units.Seconds,
            (f"capability:atelier_task_seconds:p95_1h{{{_OF}}}", "{{capability}}"),
            (f"capability:atelier_task_seconds:objective{{{_OF}}}", "{{capability}} objective"),
        ),
        lines(
            "By stage",
            "95 of 100 tasks of the last 30 minutes, inside of the worker.",
            units.Seconds,
            (
                _quantile(
                    0.95, "capability, stage", f"atelier_worker_task_seconds_bucket{{{_OF}}}"
                ),
                "{{capability}} {{stage}}",
            ),
        ),
    )


def _methods(made: Board) -> None:
    made.row(
        "gRPC methods",
        lines(
            "Calls a minute",
            "Calls that both faces sent on, also those that are no tasks.",
            units.OpsPerMinute,
            (
                "60 * sum by (grpc_service, grpc_method) "
                f"(rate(grpc_server_started_total{{{_CALLS}}}[$__rate_interval]))",
                "{{grpc_service}} {{grpc_method}}",
            ),
        ),
        lines(
            "How long calls take",
            "95 of 100 calls of the last 30 minutes, however they ended.",
            units.Seconds,
            (
                _quantile(
                    0.95,
                    "grpc_service, grpc_method",
                    f"grpc_server_handling_seconds_bucket{{{_CALLS}}}",
                ),
                "{{grpc_service}} {{grpc_method}}",
            ),
        ),
    )


def _http(made: Board) -> None:
    made.row(
        "HTTP, whatever the capability",
        lines(
            "Requests a minute",
            "By route, as it is declared. Other: pages, and what is no route.",
            units.RequestsPerMinute,
            (
                "60 * sum by (method, route) "
                "(rate(atelier_http_requests_total[$__rate_interval])) > 0",
                "{{method}} {{route}}",
            ),
        ),
        bars(
            "Answers by status",
            "Gone: the caller left before there was an answer.",
            units.Number,
            (
                "sum by (status) (increase(atelier_http_requests_total[$__rate_interval]))",
                "{{status}}",
            ),
        ),
        lines(
            "How long requests take",
            "95 of 100 requests of the last 30 minutes, event streams to their end.",
            units.Seconds,
            (
                _quantile(0.95, "method, route", "atelier_http_request_seconds_bucket") + " > 0",
                "{{method}} {{route}}",
            ),
        ),
        lines(
            "Open requests",
            "Requests that are being answered now, event streams included.",
            units.Number,
            ("sum(atelier_http_requests_running)", "requests"),
            width=6,
        ),
        bars(
            "Not let in",
            "Calls of both faces without a valid key, or over the limits of their key.",
            units.Number,
            (
                "sum by (reason) (increase(atelier_access_refused_total[$__rate_interval]))",
                "{{reason}}",
            ),
            width=6,
        ),
    )
