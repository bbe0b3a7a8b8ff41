"""The jobs' files on disk: each folder of files appears as a whole or not at all.

    <folder>/lock                      held by the gateway that uses the folder
    <folder>/jobs.sqlite3              the database, unless it is elsewhere
    <folder>/database                  which database that is
    <folder>/new/<job>.<part>/         files that are being written
    <folder>/files/<job>.<part>/       whole files; the database's rows point here

<part> is "inputs", or the number of an attempt. Files are written and flushed to the disk in `new`,
and the folder moved by one rename, before a row names them. So a crash leaves either a whole set or
one that no row names, which the next start removes. Names of files come from here, never from a
caller. Everything here blocks; it runs in threads.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.common.settings import SettingsError
from services.gateway.jobs.record import DiskFull, StoredFile

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class JobFolder:
    """The folder of one gateway's jobs; locked while it is open."""

    def __init__(self, path: Path) -> None:
        """Makes the folder and locks it. Raises SettingsError if either cannot be had."""
        self.path = path
        self.files = path / "files"
        self._new = path / "new"
        self._owner = path / "database"
        try:
            # Others on this machine need not see what callers ask for.
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.files, self._new):
                folder.mkdir(exist_ok=True)
            self._lock = (path / "lock").open("w")
        except OSError as error:
            raise SettingsError("jobs.folder", f"{path} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise SettingsError(
                "jobs.folder",
                f"{path} is in use by another gateway; end it, or name another folder",
            ) from None

    def close(self) -> None:
        """Gives the lock back."""
        self._lock.close()

    def belong_to(self, database: str) -> None:
        """Notes whose files these are. Raises SettingsError if they are another database's.

        To that one all of them would be what a crash has left, and be removed.
        """
        try:
            known = self._owner.read_text() if self._owner.exists() else ""
            if known and known != database:
                raise SettingsError(
                    "jobs.database",
                    f"is {database}, but the files in {self.path} belong to {known}; name another "
                    f"jobs.folder, or, if the rows have moved there, delete {self._owner}",
                )
            if not known:
                self._owner.write_text(database)
        except OSError as error:
            raise SettingsError(
                "jobs.folder", f"{self._owner} cannot be used: {error.strerror}"
            ) from None

    def begin(self, name: str) -> "NewFiles":
        """A new set of files; `name` is "<job>.<part>". What a crash left of it is removed."""
        return NewFiles(self._new / name, self.files / name)

    def remove_job(self, job_id: str) -> None:
        """Removes all files of a job, whole and unfinished ones."""
        for parent in (self.files, self._new):
            for folder in parent.glob(f"{job_id}.*"):
                shutil.rmtree(folder, ignore_errors=True)

    def remove_all_but(self, names: Iterable[str]) -> int:
        """Removes what no row names: what a crash has left. Returns how many sets that were."""
        known = frozenset(names)
        left = [*self._new.iterdir(), *(f for f in self.files.iterdir() if f.name not in known)]
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
        return len(left)


@dataclass
class _Open:
    file: BinaryIO
    name: str
    content_type: str
    digest: "hashlib._Hash"
    size_bytes: int = 0


class NewFiles:
    """A set of files in the making. Every method but discard() may raise DiskFull."""

    def __init__(self, folder: Path, target: Path) -> None:
        self._folder = folder
        self._target = target
        self._open: list[_Open] = []
        self._made = False

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self._open)

    @property
    def first_is_picture(self) -> bool:
        """Whether the first file is a picture, by its media type."""
        return bool(self._open) and self._open[0].content_type.startswith("image/")

    def write(self, name: str, data: bytes, content_type: str) -> None:
        """Adds a file. `name` is what callers ask for it by."""
        with _disk():
            if not self._made:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder.mkdir(parents=True)
                self._made = True
            file = (self._folder / str(len(self._open))).open("wb")
        self._open.append(_Open(file, name, content_type, hashlib.sha256()))
        self.append(data)

    def append(self, data: bytes) -> None:
        """Adds to the newest file."""
        newest = self._open[-1]
        with _disk():
            newest.file.write(data)
        newest.digest.update(data)
        newest.size_bytes += len(data)

    def content(self, index: int) -> bytes:
        """What was written to a file so far."""
        with _disk():
            self._open[index].file.flush()
        return (self._folder / str(index)).read_bytes()

    def commit(self) -> tuple[StoredFile, ...]:
        """Makes the set whole and lasting; returns its files. Nothing may be added then."""
        if not self._open:
            return ()
        with _disk():
            for item in self._open:
                item.file.flush()
                os.fsync(item.file.fileno())
                item.file.close()
            _flush_folder(self._folder)
            shutil.rmtree(self._target, ignore_errors=True)
            self._folder.rename(self._target)
            _flush_folder(self._target.parent)
        return tuple(self._stored())

    def discard(self) -> None:
        """Removes the set, whole or not."""
        for item in self._open:
            # On a full disk closing fails too: it would write what is still in memory.
            with contextlib.suppress(OSError):
                item.file.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._target, ignore_errors=True)

    def _stored(self) -> Iterator[StoredFile]:
        for index, item in enumerate(self._open):
            yield StoredFile(
                name=item.name,
                content_type=item.content_type,
                size_bytes=item.size_bytes,
                sha256=item.digest.hexdigest(),
                path=self._target / str(index),
            )


@contextmanager
def _disk() -> Iterator[None]:
    """Raises DiskFull for an error that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull from error
        raise


def _flush_folder(folder: Path) -> None:
    """Makes the names in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
