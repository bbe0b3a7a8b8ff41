"""Fetches the two npm packages that the emoji models learn from; knows nothing about pictures.

Versions are pinned here and nowhere else. A package is fetched once into a cache folder, which is
never part of the repository.
"""

import os
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class FetchError(RuntimeError):
    """A package could not be fetched; the message says which and what to do."""


@dataclass(frozen=True)
class Package:
    """One npm package, pinned.

    `wanted` tells which members of its archive are unpacked.
    """

    name: str
    version: str
    wanted: Callable[[str], bool]

    @property
    def archive(self) -> str:
        """The file that npm packs it into."""
        return f"{self.name}-{self.version}.tgz"


def _is_artwork(member: str) -> bool:
    return member.startswith("package/img/google/64/") or member in {
        "package/emoji.json",
        "package/README.md",
    }


ARTWORK = Package("emoji-datasource-google", "16.0.0", _is_artwork)
LABELS = Package("emojibase-data", "17.0.0", lambda member: member == "package/en/data.json")


def cache_folder() -> Path:
    """Folder for fetched packages: `$ATELIER_CACHE`, else `$XDG_CACHE_HOME/atelier`, else
    `~/.cache/atelier`; always its `packages` subfolder.
    """
    if chosen := os.environ.get("ATELIER_CACHE"):
        return Path(chosen) / "packages"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "atelier" / "packages"


def fetch(package: Package, cache: Path) -> Path:
    """Returns the folder of the unpacked package, fetching it first if need be.

    Raises FetchError when npm is missing or cannot reach its registry.
    """
    folder = cache / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder / "package"
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / package.archive
    if not archive.is_file():
        _pack(package, cache)
    _unpack(archive, package, folder)
    return folder / "package"


def _pack(package: Package, cache: Path) -> None:
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    try:
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise FetchError("npm was not found; install Node.js, which brings it") from error
    if done.returncode != 0:
        raise FetchError(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")


def _unpack(archive: Path, package: Package, folder: Path) -> None:
    unfinished = folder.with_name(folder.name + ".part")
    with tarfile.open(archive) as tar:
        members = [member for member in tar if package.wanted(member.name)]
        tar.extractall(unfinished, members=members, filter="data")
    unfinished.rename(folder)
