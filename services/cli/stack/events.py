"""Tells a person what supervisord does, from the lines that it writes."""

import re
import subprocess

from rich.console import Console

from services.cli.stack.ending import Ending, lines_until_terminal_closes

# A line is "2026-01-31 12:34:56,789 INFO exited: llm (terminated by SIGKILL; not expected)".
_EXITED = re.compile(r" exited: (?P<name>\S+) \((?P<how>.*?)(; (not )?expected)?\)$")
_RUNNING = re.compile(r" success: (?P<name>\S+) entered RUNNING state")
_GAVE_UP = re.compile(r" gave up: (?P<name>\S+) entered FATAL state")


def follow_events(supervisor: subprocess.Popen[bytes], console: Console, ending: Ending) -> None:
    """Prints each event until supervisord ends. Raises StopRequestedError if we are to end."""
    assert supervisor.stdout is not None  # noqa: S101  # the foreground has a pipe
    ended: set[str] = set()
    for line in lines_until_terminal_closes(supervisor.stdout.fileno(), ending):
        text = _in_words(line.rstrip(), ended)
        if text:
            console.print(text)


def _in_words(line: str, ended: set[str]) -> str:
    """The event for a person; empty for what needs no word. `ended` are those that had ended."""
    time = line[11:19]
    if found := _EXITED.search(line):
        ended.add(found["name"])
        return f"{time} {found['name']} ended ({found['how']}); it is started again"
    if (found := _RUNNING.search(line)) and found["name"] in ended:
        ended.discard(found["name"])
        return f"{time} {found['name']} runs again"
    if found := _GAVE_UP.search(line):
        return (
            f"{time} {found['name']} is given up after too many tries; "
            f"see `atelier logs {found['name']}`, then `atelier restart {found['name']}`"
        )
    return ""
