"""The overview: is everything well, and if not, what is not."""

from grafana_foundation_sdk.models import units

from scripts.dashboards.board import Board, link_to
from scripts.dashboards.panels import (
    BLUE,
    GREEN,
    ORANGE,
    PRESENCE,
    RED,
    STATES,
    VERDICT_COLOURS,
    bars,
    lines,
    rows,
    tiles,
    timeline,
)

_FIRING = 'ALERTS{alertname=~"Atelier.+",alertstate="firing"}'
# Who a process is, its figures do not say; its build does.
_NAMED = "* on (job, instance) group_left (process) atelier_build_info"
_TO_RED = link_to("atelier-red", "Its tasks", ["var-capability=${__field.labels.capability}"])


def board() -> Board:
    """The dashboard."""
    made = Board("atelier-overview", "overview", "Every capability, its evidence, every process.")
    _now(made)
    _over_time(made)
    _evidence(made)
    _processes(made)
    return made


def _now(made: Board) -> None:
    made.row(
        "Now",
        tiles(
            "Capabilities",
            "The lights, as the gateway's health map has them. Click one for its tasks.",
            units.NoUnit,
            ("capability:atelier_capability_state:code", "{{capability}}"),
            mappings=STATES,
            link=_TO_RED,
        ),
        tiles(
            "Alerts",
            "How many alerts fire.",
            units.Number,
            (f"count({_FIRING}) or vector(0)", "firing"),
            width=4,
            steps=((None, GREEN), (1, RED)),
        ),
        tiles(
            "Running",
            "Tasks that run now, streams included.",
            units.Number,
            ("sum(atelier_capability_calls_running)", "tasks"),
            width=4,
        ),
        tiles(
            "Waiting",
            "Tasks that wait at the workers, and jobs that wait at the gateway.",
            units.Number,
            ("sum(atelier_worker_queue_depth)", "tasks"),
            ('sum(atelier_jobs{state="queued"})', "jobs"),
            width=4,
        ),
    )


def _over_time(made: Board) -> None:
    made.row(
        "Over time",
        timeline(
            "States of the capabilities",
            "Unknown until somebody asks, and after a worker has come back; then moved by real "
            "tasks alone.",
            STATES,
            ("capability:atelier_capability_state:code", "{{capability}}"),
            link=_TO_RED,
        ),
        timeline(
            "Processes that Prometheus reaches",
            "Whether the figures of each process can be read.",
            PRESENCE,
            ('max(up{job="atelier-gateway"})', "gateway"),
            ('max by (capability) (up{job="atelier-worker"})', "{{capability}} worker"),
            height=6,
        ),
    )


def _evidence(made: Board) -> None:
    made.row(
        "Evidence",
        bars(
            "Tasks by how they ended",
            "Neutral is the caller's own doing: a wrong field, a cancelled stream, a full queue.",
            units.Number,
            (
                "sum by (verdict) (increase(atelier_capability_verdicts_total[$__rate_interval]))",
                "{{verdict}}",
            ),
            colours=VERDICT_COLOURS,
        ),
        lines(
            "Failing part of the tasks",
            "Of the tasks of the last 30 minutes that were not the caller's own mistake.",
            units.PercentUnit,
            ("capability:atelier_tasks_failed:ratio30m", "{{capability}}"),
            highest=1,
        ),
        tiles(
            "Since the last success",
            "A state may be hours old: this is how old its best evidence is.",
            units.Seconds,
            (
                "time() - (max by (capability) "
                "(atelier_capability_last_success_timestamp_seconds) > 0)",
                "{{capability}}",
            ),
            link=_TO_RED,
        ),
        tiles(
            "Failures in a row",
            "Tasks that failed since the last success.",
            units.Number,
            (
                "max by (capability) (atelier_capability_consecutive_failures)",
                "{{capability}}",
            ),
            steps=((None, GREEN), (1, ORANGE), (3, RED)),
            link=_TO_RED,
        ),
        rows(
            "Alerts that fire",
            "What to do about each is in deploy/README.md, below its name.",
            units.NoUnit,
            _FIRING,
            ["alertname", "severity", "capability", "instance"],
        ),
        bars(
            "Looks at workers",
            "Health checks that the gateway made, each caused by somebody's question or doubt.",
            units.Number,
            (
                "sum by (capability, result) "
                "(increase(atelier_capability_probes_total[$__rate_interval]))",
                "{{capability}} {{result}}",
            ),
            height=7,
        ),
    )


def _processes(made: Board) -> None:
    made.row(
        "Processes",
        lines(
            "CPU",
            "Cores that each process keeps busy.",
            units.Number,
            (
                f'rate(process_cpu_seconds_total{{job=~"atelier-.+"}}[$__rate_interval]) {_NAMED}',
                "{{process}}",
            ),
        ),
        lines(
            "Memory",
            "Memory that each process holds, without the GPU's.",
            units.BytesIEC,
            (f'process_resident_memory_bytes{{job=~"atelier-.+"}} {_NAMED}', "{{process}}"),
        ),
        lines(
            "Lag of the event loop",
            "How long a question waits before a process comes round to it. From 1 s on, callers "
            "take it for gone.",
            units.Seconds,
            (f"atelier_event_loop_lag_seconds {_NAMED}", "{{process}}"),
            width=8,
        ),
        tiles(
            "Running since",
            "How long each process has run without a restart.",
            units.Seconds,
            (f'(time() - process_start_time_seconds{{job=~"atelier-.+"}}) {_NAMED}', "{{process}}"),
            width=8,
            height=8,
            steps=((None, ORANGE), (300, BLUE)),
        ),
        rows(
            "Versions",
            "Which version runs where.",
            units.NoUnit,
            "atelier_build_info",
            ["process", "version", "instance"],
            width=8,
            height=8,
        ),
    )
