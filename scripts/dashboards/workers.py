"""Queues, models and GPUs of the workers, and what they made."""

from grafana_foundation_sdk.models import units

from scripts.dashboards.board import Board
from scripts.dashboards.panels import BLUE, GREY, bars, heat, lines, timeline

_OF = 'capability=~"$capability"'
_LOADED = {"0": ("not in memory", GREY), "1": ("in memory", BLUE)}


def board() -> Board:
    """The dashboard."""
    made = Board(
        "atelier-workers",
        "queues and GPUs",
        "Who waits for which GPU, and how busy it is.",
        capability=True,
    )
    _queues(made)
    _gpus(made)
    _models(made)
    _speech(made)
    _pictures(made)
    _clips(made)
    return made


def _of_one(q: float, name: str) -> str:
    """The quantile of a histogram that one kind of worker has."""
    return f"histogram_quantile({q}, sum by (le) (rate(atelier_{name}_bucket[30m])))"


def _queues(made: Board) -> None:
    wait = "atelier_worker_queue_wait_seconds"
    made.row(
        "Queues",
        lines(
            "Waiting",
            "Tasks that wait for their turn. At its limit a queue refuses more.",
            units.Number,
            (f"sum by (capability) (atelier_worker_queue_depth{{{_OF}}})", "{{capability}}"),
            (f"sum by (capability) (atelier_worker_queue_limit{{{_OF}}})", "{{capability}} limit"),
        ),
        lines(
            "Worked on",
            "Tasks that have their turn: one on a GPU, as many as share a batch for the language "
            "model.",
            units.Number,
            (f"sum by (capability) (atelier_worker_tasks_running{{{_OF}}})", "{{capability}}"),
        ),
        lines(
            "Wait for a turn",
            "95 of 100 tasks of the last 30 minutes. AtelierQueueSlow fires above a minute.",
            units.Seconds,
            (f"capability:atelier_worker_queue_wait_seconds:p95_30m{{{_OF}}}", "{{capability}}"),
            width=8,
        ),
        heat(
            "Spread of the wait",
            "How many tasks waited how long.",
            units.Seconds,
            f"sum by (le) (increase({wait}_bucket{{{_OF}}}[$__rate_interval]))",
            width=8,
        ),
        bars(
            "Refused",
            "Tasks that were told to come back later, since too many waited.",
            units.Number,
            (
                "sum by (capability) "
                f"(increase(atelier_worker_queue_refused_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}}",
            ),
            width=8,
        ),
    )


def _gpus(made: Board) -> None:
    gpu = "{{capability}} {{instance}} {{device}}"
    made.row(
        "GPUs; empty without one, and until its worker has loaded a model",
        lines(
            "Load",
            "Part of the time in which the GPU computed, for whomever.",
            units.PercentUnit,
            (f"atelier_gpu_utilization_ratio{{{_OF}}}", gpu),
            highest=1,
            width=8,
        ),
        lines(
            "Memory in use",
            "Part of the GPU's memory that is not free, whoever holds it.",
            units.PercentUnit,
            (
                f'1 - atelier_gpu_memory_bytes{{{_OF},kind="free"}} '
                f'/ ignoring (kind) atelier_gpu_memory_bytes{{{_OF},kind="total"}}',
                gpu,
            ),
            highest=1,
            width=8,
        ),
        lines(
            "Memory of the worker",
            "What its tensors take (allocated), and what it keeps for them (reserved).",
            units.BytesIEC,
            (
                f'atelier_gpu_memory_bytes{{{_OF},kind=~"allocated|reserved"}}',
                "{{capability}} {{device}} {{kind}}",
            ),
            width=8,
        ),
    )


def _models(made: Board) -> None:
    load = "atelier_worker_model_load_seconds"
    made.row(
        "Models",
        timeline(
            "Models in memory",
            "A model is loaded by the first task.",
            _LOADED,
            (f"max by (capability) (atelier_worker_model_loaded{{{_OF}}})", "{{capability}}"),
            width=12,
        ),
        lines(
            "Time to load",
            "On the average, since the worker started.",
            units.Seconds,
            (
                f"sum by (capability) ({load}_sum{{{_OF}}}) "
                f"/ (sum by (capability) ({load}_count{{{_OF}}}) > 0)",
                "{{capability}}",
            ),
            width=6,
            height=7,
        ),
        bars(
            "Failed to load",
            "Attempts to load a model that failed; the next task tries again.",
            units.Number,
            (
                "sum by (capability) "
                f"(increase(atelier_worker_model_load_failures_total{{{_OF}}}[$__rate_interval]))",
                "{{capability}}",
            ),
            width=6,
            height=7,
        ),
        lines(
            "From cancel to idle",
            "How soon the work stops once its caller has left; 95 of 100, of the last 30 minutes.",
            units.Seconds,
            (
                "histogram_quantile(0.95, sum by (capability, le) (rate("
                f"atelier_worker_cancel_to_idle_seconds_bucket{{{_OF}}}[30m])))",
                "{{capability}}",
            ),
        ),
        lines(
            "Room for models",
            "Free bytes of the disk on which each worker keeps models.",
            units.BytesIEC,
            (
                f'min by (capability) (atelier_disk_free_bytes{{{_OF},folder="models"}})',
                "{{capability}}",
            ),
        ),
    )


def _speech(made: Board) -> None:
    made.row(
        "Speech",
        lines(
            "Sound made",
            "Seconds of sound in a second.",
            units.Number,
            ("sum(rate(atelier_tts_audio_seconds_total[$__rate_interval]))", "seconds a second"),
            width=6,
        ),
        lines(
            "Characters read",
            "Characters of text in a second.",
            units.CountsPerSecond,
            ("sum(rate(atelier_tts_characters_total[$__rate_interval]))", "characters"),
            width=6,
        ),
        lines(
            "Time to the first sound",
            "Of the last 30 minutes, from a call's arrival on.",
            units.Seconds,
            (_of_one(0.5, "tts_time_to_first_audio_seconds"), "half"),
            (_of_one(0.95, "tts_time_to_first_audio_seconds"), "95 of 100"),
            width=6,
        ),
        lines(
            "Real time factor",
            "Seconds of computing for a second of sound, of the last 30 minutes. Above 1 a stream "
            "stutters.",
            units.Number,
            (_of_one(0.5, "tts_real_time_factor"), "half"),
            (_of_one(0.95, "tts_real_time_factor"), "95 of 100"),
            width=6,
        ),
    )


def _pictures(made: Board) -> None:
    made.row(
        "Pictures",
        bars(
            "Pictures",
            "By file format.",
            units.Number,
            (
                "sum by (format) (increase(atelier_image_pictures_total[$__rate_interval]))",
                "{{format}}",
            ),
            width=6,
        ),
        lines(
            "Pixels",
            "Pixels of finished pictures in a second.",
            units.CountsPerSecond,
            ("sum(rate(atelier_image_pixels_total[$__rate_interval]))", "pixels"),
            width=6,
        ),
        lines(
            "Time of a step",
            "Of the denoising steps of the last 30 minutes.",
            units.Seconds,
            (_of_one(0.5, "image_seconds_per_step"), "half"),
            (_of_one(0.95, "image_seconds_per_step"), "95 of 100"),
            width=6,
        ),
        bars(
            "Previews",
            "Previews that were sent.",
            units.Number,
            ("sum(increase(atelier_image_previews_total[$__rate_interval]))", "previews"),
            width=6,
        ),
    )


def _clips(made: Board) -> None:
    made.row(
        "Clips",
        bars(
            "Clips",
            "By file format.",
            units.Number,
            (
                "sum by (format) (increase(atelier_videogen_clips_total[$__rate_interval]))",
                "{{format}}",
            ),
            width=6,
        ),
        lines(
            "Frames",
            "Frames of finished clips in a minute.",
            units.CountsPerMinute,
            ("60 * sum(rate(atelier_videogen_frames_total[$__rate_interval]))", "frames"),
            width=6,
        ),
        lines(
            "Time of a step",
            "Of the denoising steps of the last 30 minutes.",
            units.Seconds,
            (_of_one(0.5, "videogen_seconds_per_step"), "half"),
            (_of_one(0.95, "videogen_seconds_per_step"), "95 of 100"),
            width=6,
        ),
        lines(
            "Time of encoding",
            "95 of 100 clips of the last 30 minutes, by file format.",
            units.Seconds,
            (
                "histogram_quantile(0.95, sum by (format, le) "
                "(rate(atelier_videogen_encoding_seconds_bucket[30m])))",
                "{{format}}",
            ),
            width=6,
        ),
    )
