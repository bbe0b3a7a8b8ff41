"""Sets of files appear as a whole or not at all, and a folder has one gateway and one database."""

import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.settings import SettingsError
from services.gateway.jobs.files import JobFolder
from services.gateway.jobs.record import DiskFull
from tests.support.kept_jobs_disk import no_file_larger_than


@pytest.fixture
def folder(tmp_path: Path):
    opened = JobFolder(tmp_path / "jobs")
    yield opened
    opened.close()


def everything_in(path: Path) -> set[str]:
    return {str(item.relative_to(path)) for item in path.rglob("*") if item.is_file()}


def test_a_set_appears_with_its_commit(folder: JobFolder) -> None:
    new = folder.begin("job.1")
    new.write("results/0", b"one", "image/png")
    new.append(b" more")
    new.write("thumbnail", b"two", "image/webp")
    assert everything_in(folder.files) == set()
    stored = new.commit()
    assert [(item.name, item.content_type, item.size_bytes) for item in stored] == [
        ("results/0", "image/png", 8),
        ("thumbnail", "image/webp", 3),
    ]
    for item in stored:
        content = item.path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == item.sha256
    assert everything_in(folder.files) == {"job.1/0", "job.1/1"}


def test_a_set_without_files_makes_no_folder(folder: JobFolder) -> None:
    assert folder.begin("job.1").commit() == ()
    assert list(folder.files.iterdir()) == []


def test_what_was_written_can_be_read_before_the_commit(folder: JobFolder) -> None:
    new = folder.begin("job.1")
    new.write("results/0", b"one", "image/png")
    assert new.first_is_picture
    assert new.content(0) == b"one"
    new.discard()


@pytest.mark.parametrize("committed", [False, True])
def test_a_discarded_set_leaves_nothing(folder: JobFolder, committed: bool) -> None:
    new = folder.begin("job.1")
    new.write("results/0", b"one", "image/png")
    if committed:
        new.commit()
    new.discard()
    assert everything_in(folder.path) == {"lock"}


def test_a_set_takes_the_place_of_what_a_crash_has_left_under_its_name(folder: JobFolder) -> None:
    for parent in (folder.files, folder.path / "new"):
        (parent / "job.1").mkdir()
        (parent / "job.1" / "7").write_bytes(b"left")
    new = folder.begin("job.1")
    new.write("results/0", b"one", "image/png")
    new.commit()
    assert everything_in(folder.files) == {"job.1/0"}
    assert everything_in(folder.path / "new") == set()


@pytest.mark.parametrize("later", [False, True], ids=["at once", "when it is flushed"])
def test_a_full_disk_is_told_as_such_and_leaves_nothing_of_the_set(
    folder: JobFolder, later: bool
) -> None:
    whole = folder.begin("whole.1")
    whole.write("results/0", b"kept", "image/png")
    kept = whole.commit()
    new = folder.begin("job.1")
    with no_file_larger_than(1_000_000):
        new.write("results/0", bytes(999_999), "video/mp4")
        if later:
            new.append(b"abc")
            with pytest.raises(DiskFull):
                new.commit()
        else:
            with pytest.raises(DiskFull):
                new.append(bytes(1_000_000))
        new.discard()
    assert everything_in(folder.path) == {"lock", "files/whole.1/0"}
    assert kept[0].path.read_bytes() == b"kept"


def test_the_files_of_one_job_go_together_and_alone(folder: JobFolder) -> None:
    for name in ("a.inputs", "a.1", "ab.1"):
        new = folder.begin(name)
        new.write("x", b"x", "image/png")
        new.commit()
    unfinished = folder.begin("a.2")
    unfinished.write("x", b"x", "image/png")
    folder.remove_job("a")
    assert everything_in(folder.path) == {"lock", "files/ab.1/0"}
    unfinished.discard()


def test_what_no_row_names_is_removed(folder: JobFolder) -> None:
    for name in ("a.1", "b.1"):
        new = folder.begin(name)
        new.write("x", b"x", "image/png")
        new.commit()
    (folder.path / "new" / "c.1").mkdir()
    assert folder.remove_all_but(["a.1"]) == 2
    assert everything_in(folder.path) == {"lock", "files/a.1/0"}


def test_only_its_owner_can_look_into_a_folder_that_was_made(folder: JobFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_folder_has_one_gateway_at_a_time(folder: JobFolder) -> None:
    with pytest.raises(SettingsError, match=r"jobs\.folder: .* is in use by another gateway"):
        JobFolder(folder.path)
    folder.close()
    JobFolder(folder.path).close()


def test_a_gateway_that_was_killed_holds_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from services.gateway.jobs.files import JobFolder;"
        "held = JobFolder(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    JobFolder(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"jobs\.folder: .*/file/jobs cannot be used"):
        JobFolder(tmp_path / "file" / "jobs")


def test_the_files_of_one_database_are_not_taken_for_another_ones(folder: JobFolder) -> None:
    folder.belong_to("jobs.sqlite3")
    folder.belong_to("jobs.sqlite3")
    with pytest.raises(SettingsError, match=r"jobs\.database: .* belong to jobs\.sqlite3"):
        folder.belong_to("postgresql://db/jobs")
    (folder.path / "database").unlink()
    folder.belong_to("postgresql://db/jobs")
