"""Logs for people and for programs: what a line tells, and that nobody else can write one."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from services.common import call_id, logs
from services.common.call_log import EndedCall, call_log
from services.common.log_json import JsonFormatter, StrayLines, rfc3339
from services.common.log_text import TextFormatter, plain
from services.common.settings import ROOT, LogSettings, SettingsError

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
JSON_LOGS = LogSettings(format="json")
FORGED = (
    "a\n2026-01-31 12:34:56,789 INFO gateway [-] forged: all is well\r\x1b[2Jb\x00\x85\u2028\u202e"
)


class Written(io.StringIO):
    """Stands for standard error from configure() on, until the test ends."""

    def configure(self, process: str, settings: LogSettings | None = None) -> None:
        # Not before: pytest puts its own there when the test begins.
        sys.stderr = self
        logs.configure(process, settings)


@pytest.fixture
def written() -> Iterator[Written]:
    """What configure() changes is as before afterwards."""
    before = logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook
    yield Written()
    logging.captureWarnings(capture=False)
    logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook = before


def objects(written: Written) -> list[dict[str, Any]]:
    """Every line as JSON; fails if one is none."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


# --- For people ----------------------------------------------------------------------------------


def test_nothing_that_is_logged_can_end_its_line(written: Written) -> None:
    written.configure("llm")
    logging.getLogger("a").info("%s", FORGED)
    [line] = written.getvalue().splitlines()
    assert line.isprintable()
    assert line.endswith(r"a: a\n2026-01-31 12:34:56,789 INFO gateway [-] forged: all is well"
                         r"\r\x1b[2Jb\x00\x85\u2028\u202e")  # fmt: skip


def test_an_errors_text_cannot_look_like_a_line_of_its_own(written: Written) -> None:
    written.configure("llm")
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("a").exception("it %s", "failed")
    first, *others = written.getvalue().split("\n")[:-1]
    assert first.endswith("ERROR llm [-] a: it failed")
    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") and line.isprintable() for line in others)


@pytest.mark.parametrize("text", ["plain", "Grüße, 你好 🎨", "a\\nb", ""])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


# --- For programs --------------------------------------------------------------------------------


def test_a_line_is_one_object_that_says_who_when_and_what(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    logging.getLogger("a.b").warning("hello %s", "there", extra={"fields": {"steps": 4}})
    [line] = objects(written)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "WARNING",
        "process": "llm",
        "logger": "a.b",
        "message": "hello there",
        "steps": 4,
    }


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1769862896.789, "2026-01-31T12:34:56.789Z"),
        (1769862896.9999, "2026-01-31T12:34:56.999Z"),
    ],
)
def test_a_moment_is_written_as_utc_with_milliseconds(seconds: float, says: str) -> None:
    assert rfc3339(seconds) == says


def test_a_line_tells_its_call_and_the_callers_trace(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    tokens = call_id.current.set("call-1"), call_id.trace.set(call_id.trace_of(given(TRACEPARENT)))
    logging.getLogger("a").info("inside")
    call_id.current.reset(tokens[0])
    call_id.trace.reset(tokens[1])
    logging.getLogger("a").info("outside")
    inside, outside = objects(written)
    assert inside["call_id"] == "call-1"
    assert inside["trace_id"] == TRACEPARENT.split("-")[1]
    assert not {"call_id", "trace_id", "span_id"} & outside.keys()


def given(traceparent: str) -> list[tuple[str, str | bytes]]:
    return [("x-mine", "1"), ("traceparent", traceparent)]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "rubbish",
        TRACEPARENT.upper(),
        TRACEPARENT.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        TRACEPARENT + "\n",
    ],
)
def test_what_is_no_trace_is_not_told(header: str) -> None:
    assert call_id.trace_of(given(header)) == ""
    assert call_id.trace_of(None) == ""


def test_nothing_can_end_an_object_or_take_the_place_of_its_head(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    fields = {"level": "forged", "process": "forged", "path": FORGED, "odd": {1, 2}.__class__}
    logging.getLogger("a").info('%s","level":"forged', FORGED, extra={"fields": fields})
    logging.getLogger("a").info("%s", "\udcff")
    assert written.getvalue().isascii()
    first, second = objects(written)
    assert first["message"] == f'{FORGED}","level":"forged'
    assert (first["level"], first["process"], first["path"]) == ("INFO", "llm", FORGED)
    assert first["odd"] == "<class 'set'>"
    assert second["message"] == "\udcff"


def test_an_error_is_told_with_its_kind_and_its_trace(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("a").exception("it failed")
    [line] = objects(written)
    assert (line["exception_type"], line["exception_message"]) == ("ValueError", FORGED)
    assert line["exception_stack"].startswith("Traceback (most recent call last):\n")
    assert "test_an_error_is_told" in line["exception_stack"]


def test_what_libraries_print_becomes_objects(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    logs.configure("llm", JSON_LOGS)  # as a worker does
    print("half ", end="", file=sys.stderr)
    print("a line\r 50%\n\nand another", file=sys.stderr)
    logging.StreamHandler().emit(logging.makeLogRecord({"msg": "[library] hello"}))
    sys.stderr.flush()
    lines = objects(written)
    assert [line["message"] for line in lines] == [
        "half a line", " 50%", "and another", "[library] hello",
    ]  # fmt: skip
    assert {(line["process"], line["logger"]) for line in lines} == {("llm", "stderr")}


def test_warnings_become_objects(written: Written) -> None:
    written.configure("llm", JSON_LOGS)
    logging.getLogger("py.warnings").warning("%s", "old.py:1: DeprecationWarning: old\n  call()")
    [line] = objects(written)
    assert (line["logger"], line["level"]) == ("py.warnings", "WARNING")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sys.exit('llm worker: no such model')", {"message": "llm worker: no such model"}),
        (
            "raise ValueError('what?')",
            {"level": "CRITICAL", "message": "ended by ValueError", "exception_message": "what?"},
        ),
        (
            "import threading; threading.Thread(target=int, args=('x',), name='odd').start()",
            {"level": "ERROR", "message": "the thread odd ended by ValueError"},
        ),
        (
            "import warnings; warnings.warn('old', DeprecationWarning)",
            {"level": "WARNING", "logger": "py.warnings"},
        ),
        ("print('hello', file=sys.stderr)", {"logger": "stderr", "message": "hello"}),
    ],
    ids=["exit", "error", "thread", "warning", "print"],
)
def test_whatever_way_a_process_speaks_it_speaks_json(script: str, says: dict[str, str]) -> None:
    head = """
        import sys
        from services.common import logs
        from services.common.settings import LogSettings
        logs.configure("llm", LogSettings(format="json"))
    """
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", textwrap.dedent(head) + script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    [line] = [json.loads(line) for line in done.stderr.splitlines()]
    assert line | says == line
    assert line["process"] == "llm"


# --- How much ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_level_is_the_least_that_is_written(written: Written, form: str) -> None:
    settings = LogSettings(format=form, level="warning")
    written.configure("llm", settings)
    logging.getLogger("a").info("not told")
    logging.getLogger("a").warning("told")
    call_log("llm", settings).write(EndedCall("call-1", "/a.B/C", "OK", 0.1))
    assert written.getvalue().count("\n") == 1
    assert "told" in written.getvalue()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("format", "xml", "logs.format: 'xml' is none of text, json"),
        ("level", "loud", "logs.level: 'loud' is none of debug, info, warning, error"),
    ],
)
def test_a_form_that_there_is_not_is_refused(key: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        LogSettings(**{key: value})
    assert str(error.value) == says


# --- The line of a call --------------------------------------------------------------------------

ENDED = EndedCall(
    'id"\\', "/a.B/C", "INTERNAL", 0.1234567, "b", "ada", reason="BROKEN", responses=3
)


def test_the_call_log_writes_as_logging_does(written: Written) -> None:
    written.configure("gateway")
    call_log("gateway", LogSettings()).write(ENDED)
    line = written.getvalue()
    record = logging.makeLogRecord({"levelname": "INFO", "name": "x", "msg": ENDED.message})
    token = call_id.current.set(ENDED.identity)
    like = TextFormatter("gateway").format(record)
    call_id.current.reset(token)
    digits = re.compile(r"\d")
    assert digits.sub("0", line) == digits.sub("0", like.replace(" x: ", " ")) + "\n"
    assert line.endswith('INFO gateway [id"\\] /a.B/C INTERNAL in 0.123 s\n')


def test_the_call_log_tells_programs_everything(written: Written) -> None:
    written.configure("gateway", JSON_LOGS)
    log = call_log("gateway", JSON_LOGS)
    assert log.names_traces
    log.write(ENDED)
    log.write(EndedCall("call-2", "/a.B/C", "OK", 0.5, responses=0))
    first, second = objects(written)
    assert (
        first
        | {
            "level": "INFO",
            "process": "gateway",
            "message": "/a.B/C INTERNAL in 0.123 s",
            "call_id": 'id"\\',
            "method": "a.B/C",
            "code": "INTERNAL",
            "duration_seconds": 0.123457,
            "capability": "b",
            "caller": "ada",
            "reason": "BROKEN",
            "responses": 3,
        }
        == first
    )
    assert second["responses"] == 0
    assert not {"capability", "caller", "reason", "peer"} & second.keys()


def test_the_stand_in_for_standard_error_is_one() -> None:
    with open(os.devnull, "w", encoding="utf-8") as real:  # noqa: PTH123
        stray = StrayLines(real, "llm")
        assert stray.writable()
        assert stray.fileno() == real.fileno()
        assert stray.write("no end yet") == 10
        assert isinstance(JsonFormatter("llm"), logging.Formatter)
