"""What an image holds, without an engine that could build it: a folder with its packages alone."""

import subprocess
import sys
import sysconfig
from collections import Counter
from functools import cache
from importlib import metadata
from pathlib import Path

from services.common.settings import ROOT

REQUIREMENTS = ROOT / "requirements"


def pins(file: Path) -> dict[str, str]:
    """The packages of a requirements file, with their versions."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return dict(line.split("==") for line in lines if line)


@cache
def _files(package: str) -> tuple[metadata.PackagePath, ...]:
    files = metadata.files(package) or []
    return tuple(file for file in files if file.parts[0] != "..")


@cache
def _shared() -> frozenset[str]:
    """Top folders into which several packages put their files: google, for example."""
    owners: Counter[str] = Counter()
    for distribution in metadata.distributions():
        owners.update({file.parts[0] for file in distribution.files or []})
    return frozenset(name for name, count in owners.items() if count > 1)


def make_site(image: str, folder: Path) -> Path:
    """Links the packages of requirements/images/<image>.txt into the folder, and no others."""
    for package in pins(REQUIREMENTS / "images" / f"{image}.txt"):
        for file in _files(package):
            part = file if file.parts[0] in _shared() else Path(file.parts[0])
            link = folder / part
            if not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(Path(str(metadata.distribution(package).locate_file(part))))
    return folder


def run_with(site: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Runs Python with the standard library, the repository and the site's packages only."""
    paths = [
        sysconfig.get_path("stdlib"),
        f"{sysconfig.get_path('stdlib')}/lib-dynload",
        str(site),
        str(ROOT),
        str(ROOT / "protos/gen"),
    ]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {paths!r}\n{code}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
