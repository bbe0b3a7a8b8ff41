"""Starts a stack under supervisord, stays with it in the foreground, and ends it.

Knows the order of things; each thing itself is known by its own module.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from rich.console import Console

from services.cli.complaint import ComplaintError
from services.cli.stack.announcement import announce
from services.cli.stack.configuration import stop_wait_seconds, write_configuration
from services.cli.stack.ending import Ending, StopRequestedError, stop_on_signals
from services.cli.stack.events import follow_events
from services.cli.stack.folder import RunFolder
from services.cli.stack.leash import end_with_parent
from services.cli.stack.plan import Process, plan_doors, plan_processes
from services.cli.stack.preflight import require_free_ports, require_models
from services.cli.stack.readiness import LogMarks, wait_until_ready
from services.cli.stack.supervision import Supervision
from services.common.prepare import missing_models, prepare
from services.common.settings import ROOT, load_settings

START_SECONDS = 10.0


def start(console: Console, folder: RunFolder, *, detached: bool) -> None:
    """Starts everything and prints what runs; in the foreground it stays until it is ended.

    Raises ComplaintError, with nothing left running, if the stack cannot start.
    """
    with stop_on_signals() as ending:
        try:
            _start(console, folder, ending, detached=detached)
        except StopRequestedError:
            # It came before anything had been started.
            _say(console, "stopped")


def stop(console: Console, folder: RunFolder, *, quiet: bool = False) -> bool:
    """Ends a running stack, waiting for the last process; False if none runs."""
    supervision = Supervision(folder.socket)
    pid = supervision.pid()
    if pid is None:
        return False
    if not quiet:
        console.print("stopping; running calls may finish")
    try:
        family = _family(pid)
        supervision.shut_down()
    except (psutil.NoSuchProcess, OSError):
        return True  # it ended by itself meanwhile
    _wait_for_end(family, _longest_stop_seconds(load_settings_processes()))
    return True


def load_settings_processes() -> tuple[Process, ...]:
    """The processes that the settings ask for. Raises SettingsError."""
    return plan_processes(load_settings())


def prepare_models(console: Console) -> None:
    """Makes the starter models that the settings name and that are not there yet.

    Raises ComplaintError if a recipe fails.
    """
    for model in missing_models():
        console.print(f"preparing the model {model.name} once ({model.source})")
        try:
            prepare(model)
        except (RuntimeError, OSError) as error:
            raise ComplaintError(f"{model.name} could not be prepared: {error}") from None


def _start(console: Console, folder: RunFolder, ending: Ending, *, detached: bool) -> None:
    processes = load_settings_processes()
    supervisor: subprocess.Popen[bytes] | None = None
    try:
        folder.make()
        with _starting_alone(folder):
            _make_ready(console, folder, processes)
            marks = LogMarks.take(processes, folder)
            supervisor = _spawn(folder, detached=detached)
            supervision = Supervision(folder.socket)
            _wait_for_socket(supervisor, supervision, folder)
            readiness = wait_until_ready(processes, supervision, folder, marks, console.print)
        announce(console, processes, readiness, plan_doors(load_settings()), detached=detached)
        if not detached:
            follow_events(supervisor, console, ending)
    except StopRequestedError:
        if supervisor is None:
            raise
        _say(console, "stopping; running calls may finish (again to end at once)")
        _end(console, supervisor, processes, ending)
        _say(console, "all processes have ended")
    except BrokenPipeError:
        # Whoever read what we print has left, as `head` does; a detached stack goes on without.
        if supervisor is not None and not detached:
            _end(console, supervisor, processes, ending)
        raise
    except BaseException:
        if supervisor is not None:
            _end(console, supervisor, processes, ending)
        raise
    else:
        if not detached:
            _tell_end(console, supervisor)


def _make_ready(console: Console, folder: RunFolder, processes: tuple[Process, ...]) -> None:
    """Raises ComplaintError for whatever would hinder the processes."""
    _require_not_running(folder)
    require_free_ports(processes)
    prepare_models(console)
    require_models(processes)
    write_configuration(processes, folder)


def _tell_end(console: Console, supervisor: subprocess.Popen[bytes]) -> None:
    """Says how supervisord ended that we did not end."""
    if supervisor.wait() != 0:
        raise ComplaintError("supervisord was killed; the processes it ran are ending")
    _say(console, "stopped from elsewhere")


def _spawn(folder: RunFolder, *, detached: bool) -> subprocess.Popen[bytes]:
    """Starts supervisord in a session of its own, so that a Ctrl-C does not reach it by itself."""
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(folder.configuration)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if detached else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # In the foreground it must not outlive us, even if we are killed with -9.
        preexec_fn=None if detached else end_with_parent,  # noqa: PLW1509  # no threads yet
    )


def _wait_for_socket(
    supervisor: subprocess.Popen[bytes], supervision: Supervision, folder: RunFolder
) -> None:
    for _ in range(int(START_SECONDS / 0.05)):
        if supervision.pid() == supervisor.pid:
            return
        try:
            supervisor.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise ComplaintError(f"supervisord does not start; see {folder.log('supervisord')}")


def _end(
    console: Console,
    supervisor: subprocess.Popen[bytes],
    processes: tuple[Process, ...],
    ending: Ending,
) -> None:
    """Ends supervisord and all that it started; without waiting for calls if it is urgent."""
    ending.has_begun = True
    family = _family(supervisor.pid)
    supervisor.send_signal(signal.SIGTERM)
    if supervisor.stdout is not None:
        supervisor.stdout.close()
    deadline = time.monotonic() + _longest_stop_seconds(processes)
    while supervisor.poll() is None:
        if ending.is_urgent or time.monotonic() > deadline:
            _say(console, "ending at once")
            break
        time.sleep(0.05)
    _kill(family)
    supervisor.wait()


def _family(pid: int) -> list[psutil.Process]:
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _wait_for_end(family: list[psutil.Process], seconds: float) -> None:
    _, alive = psutil.wait_procs(family, timeout=seconds)
    _kill(alive)


def _kill(family: list[psutil.Process]) -> None:
    """Kills those of the processes that are still there."""
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
    psutil.wait_procs([process for process in family if process.pid != os.getpid()], timeout=5.0)


def _longest_stop_seconds(processes: tuple[Process, ...]) -> float:
    """Supervisord stops one after the other, each with its own time."""
    return sum(stop_wait_seconds(process) for process in processes if process.exists) + 5.0


def _require_not_running(folder: RunFolder) -> None:
    pid = Supervision(folder.socket).pid()
    if pid is not None:
        raise ComplaintError(
            f"Atelier is running already (supervisord {pid}); see `atelier status`, "
            "end it with `atelier down`"
        )


@contextmanager
def _starting_alone(folder: RunFolder) -> Iterator[None]:
    """Lets one start at a time go on in a run folder."""
    with folder.lock_file.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ComplaintError(
                "Atelier is being started by another command; see `atelier status`"
            ) from None
        yield


def _say(console: Console, text: str) -> None:
    """Prints unless the terminal is gone: ending must go on."""
    try:
        console.print(text)
    except OSError:
        pass
