"""How a process writes its log: one line each, to standard error, with the call's id."""

import logging
import sys

from services.common import call_id


class _CallIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.call_id = call_id.current.get()
        return True


def configure(process: str, level: int = logging.INFO) -> None:
    """Sends every logger's lines to standard error, named after the process."""
    # What the lines do not show need not be found out for each of them: half of a line's cost.
    logging._srcfile = None  # noqa: SLF001  # documented in the logging HOWTO
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]  # new in Python 3.12
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_CallIdFilter())
    handler.setFormatter(
        logging.Formatter(
            f"%(asctime)s %(levelname)s {process} [%(call_id)s] %(name)s: %(message)s"
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
