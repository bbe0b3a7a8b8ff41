from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from services.cli.complaint import ComplaintError
from services.cli.stack.folder import RunFolder
from services.cli.stack.logs import read_logs


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.make()
    folder.log("llm").write_text("one\ntwo\nthree\n")
    folder.log("gateway").write_text("up\n")
    return folder


def test_the_last_lines_of_all(folder: RunFolder) -> None:
    lines = list(read_logs(folder, [], lines=2, follow=False))
    assert lines == [("gateway", "up"), ("llm", "two"), ("llm", "three")]


def test_following_goes_on_with_whole_lines_also_after_rotation(folder: RunFolder) -> None:
    log = folder.log("llm")
    with log.open("a") as file:
        file.write("four\nfi")
    with closing(read_logs(folder, ["llm"], lines=1, follow=True)) as lines:
        assert next(lines) == ("llm", "four")
        with log.open("a") as file:
            file.write("ve\n")
        assert next(lines) == ("llm", "five")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("six\nseven\n")
        assert list(islice(lines, 2)) == [("llm", "six"), ("llm", "seven")]


def test_a_name_without_a_log_is_told(folder: RunFolder) -> None:
    with pytest.raises(ComplaintError, match="'image' has no log; there are gateway, llm"):
        list(read_logs(folder, ["image"], lines=1, follow=False))


def test_no_logs_at_all_say_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(ComplaintError, match="start with `atelier up`"):
        list(read_logs(RunFolder(tmp_path), [], lines=1, follow=False))
