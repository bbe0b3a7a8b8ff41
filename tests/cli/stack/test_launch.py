"""Real processes: what starts, what comes back, and that nothing stays."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.stacks import Stack, stack
from tests.support.tools import required_tool


@pytest.fixture
def a_stack(tmp_path: Path) -> Iterator[Stack]:
    with stack(tmp_path) as made:
        yield made


def test_it_starts_serves_restarts_what_dies_and_leaves_nothing(a_stack: Stack) -> None:
    up = a_stack.atelier("up", "-d")
    assert (up.returncode, up.stderr) == (0, "")
    assert "● ready" in up.stdout
    assert "■ no worker" in up.stdout
    assert a_stack.atelier("chat", "hello").stdout == "You said: hello\n"
    assert "You said: What is the capital of France?" in _answer_of_printed_curl(up.stdout)

    again = a_stack.atelier("up", "-d")
    assert again.returncode == 1
    assert again.stderr.startswith("atelier: Atelier is running already (supervisord ")

    before = a_stack.supervision.states()
    os.kill(before["llm"].pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before["llm"].pid)] if _lives(before["llm"].pid) else [])
    after = _wait_for_another(a_stack, "llm", before["llm"].pid)
    assert after["gateway"].pid == before["gateway"].pid

    status = a_stack.atelier("status").stdout
    assert "llm" in status
    assert "running" in status
    assert "no worker" in status
    restarted = a_stack.atelier("restart", "llm")
    assert restarted.returncode == 0
    assert "llm answers after" in restarted.stdout
    assert a_stack.atelier("chat", "again").stdout == "You said: again\n"
    assert a_stack.supervision.states()["llm"].pid not in (after["llm"].pid, 0)
    assert "serves on port" in a_stack.atelier("logs", "llm").stdout

    family = a_stack.family()
    down = a_stack.atelier("down")
    assert down.stdout.endswith("all processes have ended\n")
    assert [process for process in family if process.is_running()] == []
    assert a_stack.atelier("status").returncode == 3
    assert a_stack.atelier("down").stdout == "nothing was running\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_foreground_ends_everything_with_a_signal(a_stack: Stack, number: int) -> None:
    with a_stack.foreground() as foreground:
        _read_until(foreground, "Ctrl-C ends all processes.")
        family = a_stack.family()
        foreground.send_signal(number)
        rest, _ = foreground.communicate()
    assert foreground.returncode == 0
    assert "all processes have ended" in rest
    assert [process for process in family if process.is_running()] == []


def test_closing_the_terminal_ends_everything_too(a_stack: Stack) -> None:
    ours, theirs = os.openpty()
    with a_stack.foreground(theirs) as foreground:
        os.close(theirs)
        _read_until(foreground, "Ctrl-C ends all processes.")
        family = a_stack.family()
        os.close(ours)
        foreground.communicate()
    assert [process for process in family if process.is_running()] == []


def test_killing_the_foreground_ends_everything_too(a_stack: Stack) -> None:
    with a_stack.foreground() as foreground:
        _read_until(foreground, "Ctrl-C ends all processes.")
        family = a_stack.family()
        foreground.kill()
    psutil.wait_procs(family)
    assert a_stack.supervision.pid() is None


def test_killing_supervisord_ends_everything_too(a_stack: Stack) -> None:
    with a_stack.foreground() as foreground:
        _read_until(foreground, "Ctrl-C ends all processes.")
        family = a_stack.family()
        family[0].kill()
        rest, _ = foreground.communicate()
    assert foreground.returncode == 1
    assert "supervisord was killed" in rest
    psutil.wait_procs(family)


def test_the_foreground_tells_what_dies_and_comes_back(a_stack: Stack) -> None:
    with a_stack.foreground() as foreground:
        _read_until(foreground, "Ctrl-C ends all processes.")
        os.kill(a_stack.supervision.states()["llm"].pid, signal.SIGKILL)
        _read_until(foreground, "llm ended (terminated by SIGKILL); it is started again")
        _read_until(foreground, "llm runs again")
        foreground.send_signal(signal.SIGTERM)
        foreground.communicate()


def test_a_taken_port_is_one_line(a_stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", a_stack.llm_port)):
        up = a_stack.atelier("up")
    assert (up.returncode, up.stdout) == (1, "")
    assert up.stderr.startswith(
        f"atelier: port {a_stack.llm_port} (capabilities.llm.port) is taken"
    )
    assert up.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("ATELIER_GATEWAY_HTTP_PORT", "many", "ATELIER_GATEWAY_HTTP_PORT: must be a whole number"),
        ("ATELIER_LLM_MODEL", "./missing", "capabilities.llm.model: './missing' is no starter"),
        ("ATELIER_SETTINGS", "missing.toml", "missing.toml: is missing"),
        # Only the worker itself knows this one.
        ("ATELIER_LLM_DTYPE", "float7", "capabilities.llm.dtype: 'float7' is none of auto"),
    ],
)
def test_a_wrong_setting_is_one_line(a_stack: Stack, variable: str, value: str, text: str) -> None:
    up = a_stack.atelier("up", "-d", **{variable: value})
    assert up.returncode == 1
    assert up.stderr.startswith(f"atelier: {text}")
    assert up.stderr.count("\n") == 1
    assert a_stack.supervision.pid() is None


def test_a_worker_that_does_not_start_leaves_the_others_running(a_stack: Stack) -> None:
    up = a_stack.atelier("up", "-d", DIE_AT_START="1")
    assert up.returncode == 0
    assert "llm does not start and is tried again: the weights are made of cheese" in up.stdout
    assert "▲ failing" in up.stdout
    assert "● ready" in up.stdout


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid)


def _wait_for_another(a_stack: Stack, name: str, pid: int):
    """Waits until the process runs under another id; supervisord looks once a second."""
    while True:
        states = a_stack.supervision.states()
        if states[name].state == "RUNNING" and states[name].pid != pid:
            return states


def _answer_of_printed_curl(printed: str) -> str:
    required_tool("curl")
    command = next(line for line in printed.splitlines() if line.startswith("  curl "))
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout


def _read_until(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"ended before it said: {text}")
