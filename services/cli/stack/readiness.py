"""Waits until the processes of a stack that has just been started answer on their ports."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from services.cli.complaint import ComplaintError
from services.cli.stack.folder import RunFolder
from services.cli.stack.log_lines import words_of
from services.cli.stack.plan import GATEWAY, Port, Process
from services.cli.stack.supervision import Supervision

TIME_LIMIT_SECONDS = 120.0
LOOK_SECONDS = 0.1


class Readiness(Enum):
    """How a process stands at the end of the start."""

    READY = "ready"  # all its ports answer
    FAILING = "failing"  # it ended by itself and will be tried again
    STARTING = "starting"  # it runs, but does not answer yet
    NO_WORKER = "no worker"  # there is nothing to run


@dataclass(frozen=True)
class LogMarks:
    """How long each log was before the start, so that only new lines are read."""

    sizes: dict[str, int]

    @classmethod
    def take(cls, processes: tuple[Process, ...], folder: RunFolder) -> "LogMarks":
        """Notes the present sizes."""
        paths = {process.name: folder.log(process.name) for process in processes}
        return cls(
            {name: path.stat().st_size if path.exists() else 0 for name, path in paths.items()}
        )

    def last_line(self, name: str, folder: RunFolder) -> str:
        """The last line that a process has written since, in words; empty if it wrote none."""
        path = folder.log(name)
        if not path.exists():
            return ""
        with path.open("rb") as log:
            log.seek(self.sizes[name])
            lines = log.read().decode("utf-8", "replace").split("\n")
        return next((words_of(line.strip()) for line in reversed(lines) if line.strip()), "")


def wait_until_ready(
    processes: tuple[Process, ...],
    supervision: Supervision,
    folder: RunFolder,
    marks: LogMarks,
    tell: Callable[[str], None],
) -> dict[str, Readiness]:
    """Waits for all processes; `tell` hears of each one that answers or fails.

    Raises ComplaintError if a process refuses its settings, if the gateway fails, or if
    supervisord is gone.
    """
    readiness = {
        process.name: Readiness.STARTING if process.exists else Readiness.NO_WORKER
        for process in processes
    }
    began = time.monotonic()
    while Readiness.STARTING in readiness.values():
        if time.monotonic() - began > TIME_LIMIT_SECONDS:
            break
        failed = _failed(supervision)
        for process in processes:
            if readiness[process.name] is not Readiness.STARTING:
                continue
            if process.name in failed:
                line = marks.last_line(process.name, folder)
                _refuse_hopeless(process.name, line)
                readiness[process.name] = Readiness.FAILING
                tell(f"{process.name} does not start and is tried again: {line}")
            elif all(_answers(port) for port in process.ports):
                readiness[process.name] = Readiness.READY
                tell(f"{process.name} answers after {time.monotonic() - began:.1f} s")
        time.sleep(LOOK_SECONDS)
    return readiness


def _failed(supervision: Supervision) -> set[str]:
    try:
        return {name for name, item in supervision.states().items() if not item.is_up}
    except OSError:
        raise ComplaintError("supervisord has ended; see `atelier logs supervisord`") from None


def _refuse_hopeless(name: str, line: str) -> None:
    """A wrong setting stays wrong, and without the gateway nothing can be used."""
    for speaker in (f"{name} worker: ", f"{name}: "):
        if line.startswith(speaker):
            raise ComplaintError(line.removeprefix(speaker))
    if name == GATEWAY:
        raise ComplaintError(f"the gateway does not start: {line}; see `atelier logs gateway`")


def _answers(port: Port) -> bool:
    host = port.address.rpartition(":")[0].strip("[]")
    try:
        with socket.create_connection((host, port.number), timeout=1.0):
            return True
    except OSError:
        return False
