"""Lines of logs, told to people whichever form they have."""

import io
from pathlib import Path

import pytest

from services.cli.stack.folder import RunFolder
from services.cli.stack.log_lines import is_object, words_of
from services.cli.stack.plan import Process
from services.cli.stack.readiness import LogMarks
from services.common.log_json import StrayLines, heading, json_line

PLAIN = "2026-01-31 12:34:56,789 INFO llm [-] a: hello"


def test_an_object_says_its_message_and_its_error() -> None:
    line = json_line(heading(0.0, "ERROR", "llm", "a", "it failed"))
    assert words_of(line) == "it failed"
    error = {"exception_type": "ValueError", "exception_message": "what?"}
    line = json_line({**heading(0.0, "ERROR", "llm", "a", "ended"), **error})
    assert is_object(line)
    assert words_of(line) == "ended: ValueError: what?"


@pytest.mark.parametrize("line", [PLAIN, "", "{", '{"timestamp": broken', "[1]"])
def test_what_is_no_object_says_itself(line: str) -> None:
    assert not is_object(line)
    assert words_of(line) == line


def test_a_refused_start_is_found_in_both_forms(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.make()
    process = Process("gateway", "", "", (), 1.0)
    marks = LogMarks.take((process,), folder)
    log = folder.log("gateway")
    log.write_text(f"{PLAIN}\ngateway: tls.key: is missing\n\n")
    assert marks.last_line("gateway", folder) == "gateway: tls.key: is missing"
    written = io.StringIO()
    StrayLines(written, "gateway").write("gateway: tls.key: is missing\n")
    log.write_text(f"{PLAIN}\n{written.getvalue()}")
    assert is_object(written.getvalue().strip())
    assert marks.last_line("gateway", folder) == "gateway: tls.key: is missing"
