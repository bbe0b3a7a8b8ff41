"""Writes the exact versions of all that requirements/*.in ask for, as pip resolves it today.

Knows pip's report and nothing of the packages. Versions only: no hashes and no addresses, so that
a pin means the same with every index.

    python -m scripts.lock            what is pinned already stays, where it still fits
    python -m scripts.lock --upgrade  the newest of everything that run.in and test.in leave open
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "requirements"
IMAGES = ("gateway", "llm", "tts", "image", "videogen")
HEADER = "# Written by `make lock` from {source}; change that file, not this one.\n"


def main() -> int:
    """Writes run.txt, test.txt and the images' lists; returns the exit status."""
    parser = argparse.ArgumentParser(description="Pin the whole closure of requirements/*.in.")
    parser.add_argument("--upgrade", action="store_true", help="do not keep the present pins")
    upgrade = parser.parse_args().upgrade
    try:
        run = lock("run", ["run"], beyond={}, upgrade=upgrade)
        lock("test", ["run", "test"], beyond=run, upgrade=upgrade)
        for image in IMAGES:
            lock_image(image, run)
    except subprocess.CalledProcessError as error:
        print(f"pip could not resolve the requirements:\n{error.stderr}", file=sys.stderr)
        return 1
    return 0


def lock(name: str, sources: list[str], *, beyond: dict[str, str], upgrade: bool) -> dict[str, str]:
    """Writes <name>.txt without what `beyond` pins already; returns its pins."""
    target = FOLDER / f"{name}.txt"
    kept = dict(beyond) if upgrade else {**_read(target), **beyond}
    pins = {
        package: version
        for package, version in _resolve([f"{item}.in" for item in sources], kept).items()
        if package not in beyond
    }
    _write(target, f"{name}.in", pins)
    return pins


def lock_image(image: str, run: dict[str, str]) -> None:
    """Writes images/<image>.txt: a part of run.txt, in the same versions.

    Raises RuntimeError if it needs what run.txt does not have.
    """
    source = f"images/{image}.in"
    pins = _resolve([source], run)
    if not pins.items() <= run.items():
        raise RuntimeError(f"{source} needs {dict(pins.items() - run.items())} beyond run.in")
    _write(FOLDER / "images" / f"{image}.txt", f"{image}.in", pins)


def _write(target: Path, source: str, pins: dict[str, str]) -> None:
    lines = [f"{package}=={version}\n" for package, version in sorted(pins.items())]
    target.write_text(HEADER.format(source=source) + "".join(lines), encoding="utf-8")
    print(f"{target.name}: {len(pins)} packages")


def _resolve(files: list[str], kept: dict[str, str]) -> dict[str, str]:
    """Asks pip what it would install into an empty environment."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{package}=={version}\n" for package, version in kept.items())
        constraints.flush()
        command = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
            *("--ignore-installed", "--report", "-", "--constraint", constraints.name),
        ]
        for file in files:
            command += ["--requirement", str(FOLDER / file)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    installed = json.loads(result.stdout)["install"]
    return {
        _normal(item["metadata"]["name"]): _public(item["metadata"]["version"])
        for item in installed
    }


def _read(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def _normal(name: str) -> str:
    """The name as PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _public(version: str) -> str:
    """The version without a build's local part: 2.13.0, not 2.13.0+cpu."""
    return version.partition("+")[0]


if __name__ == "__main__":
    sys.exit(main())
