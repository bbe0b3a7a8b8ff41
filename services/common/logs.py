"""How a process writes its log: one line each, to standard error, with the call's id.

For people or for programs, as the settings say; what the two forms are, their own modules know.
"""

import logging
import sys
import threading
from types import TracebackType

from services.common.log_json import JsonFormatter, StrayLines
from services.common.log_text import TextFormatter
from services.common.settings_logs import JSON, LogSettings

log = logging.getLogger(__name__)


def configure(process: str, settings: LogSettings | None = None) -> None:
    """Sends every logger's lines to standard error, named after the process.

    As JSON, all else that Python writes there becomes objects too: warnings, what libraries print,
    the error that ends the process. Lines of C libraries do not.
    """
    settings = settings or LogSettings()
    # What the lines do not show need not be found out for each of them: half of a line's cost.
    logging._srcfile = None  # noqa: SLF001  # documented in the logging HOWTO
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # new in Python 3.12
    stream = sys.stderr.behind if isinstance(sys.stderr, StrayLines) else sys.stderr
    handler = logging.StreamHandler(stream)
    if settings.format == JSON:
        handler.setFormatter(JsonFormatter(process))
        _gather_strays(process)
    else:
        handler.setFormatter(TextFormatter(process))
    logging.basicConfig(level=settings.level_number, handlers=[handler], force=True)


def _gather_strays(process: str) -> None:
    if not isinstance(sys.stderr, StrayLines):
        sys.stderr = StrayLines(sys.stderr, process)
    logging.captureWarnings(capture=True)
    sys.excepthook = _on_end
    threading.excepthook = _on_thread_end


def _on_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("ended by %s", kind.__name__, exc_info=(kind, error, trace))


def _on_thread_end(end: threading.ExceptHookArgs) -> None:
    name = end.thread.name if end.thread is not None else "unknown"
    error = end.exc_value
    log.error("the thread %s ended by %s", name, end.exc_type.__name__, exc_info=error)
