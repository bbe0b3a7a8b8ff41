"""The configuration of supervisord, from the templates in deploy/supervisor."""

import math
import os
import shlex
import sys
from pathlib import Path
from string import Template

from services.cli.stack.folder import RunFolder
from services.cli.stack.plan import GATEWAY, Process
from services.common.settings import ROOT

TEMPLATES = ROOT / "deploy" / "supervisor"
LEASH = Path(__file__).with_name("leash.py")
# After the grace time a process still closes its parts; then supervisor kills it.
CLOSING_SECONDS = 5.0


def write_configuration(processes: tuple[Process, ...], folder: RunFolder) -> None:
    """Writes the run folder's configuration for those processes that exist."""
    parts = [_supervisord(folder)]
    parts += [_program(process, folder) for process in processes if process.exists]
    folder.configuration.write_text("".join(parts), encoding="utf-8")


def stop_wait_seconds(process: Process) -> int:
    """How long supervisor waits between SIGTERM and SIGKILL."""
    return math.ceil(process.shutdown_grace_seconds + CLOSING_SECONDS)


def _supervisord(folder: RunFolder) -> str:
    # As root, supervisord warns unless it is told that this is meant.
    user = "user = root" if os.getuid() == 0 else ""
    return _render(
        "supervisord.conf.template",
        directory=str(ROOT),
        pid_file=str(folder.pid_file),
        supervisor_log=str(folder.log("supervisord")),
        socket=str(folder.socket),
        user=user,
    )


def _program(process: Process, folder: RunFolder) -> str:
    leash = [sys.executable, "-I", "-S", str(LEASH)]
    return _render(
        "program.conf.template",
        name=process.name,
        command=shlex.join([*leash, sys.executable, "-m", process.module]),
        directory=str(ROOT),
        log=str(folder.log(process.name)),
        stop_wait_seconds=str(stop_wait_seconds(process)),
        # The gateway starts last and is told first to stop, so that no call meets a lost worker.
        priority="900" if process.name == GATEWAY else "500",
    )


def _render(template: str, **values: str) -> str:
    """Fills a template; "%" has a meaning of its own in supervisor's files."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return Template(text).substitute(
        {key: value.replace("%", "%%") for key, value in values.items()}
    )
