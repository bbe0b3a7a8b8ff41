"""Prepares the starter models that the settings ask for: each recipe runs once, whole or not.

Knows the catalogue and the cache folder; a recipe knows its model.
"""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.common.models import StarterModel, starter_models
from services.common.settings import ROOT, SettingsError, load_settings


def missing_models(capabilities: Collection[str] = ()) -> list[StarterModel]:
    """The starter models that the capability table names and that do not lie ready.

    With `capabilities` only theirs. Raises SettingsError for one that has no table.
    """
    catalogue = starter_models()
    rows = load_settings().capabilities
    for name in capabilities:
        if name not in {row.name for row in rows}:
            raise SettingsError(f"capabilities.{name}", "is missing; add the table to the settings")
    wanted = {row.model for row in rows if not capabilities or row.name in capabilities}
    return [
        model
        for name, model in catalogue.items()
        if name in wanted and not model.location().exists()
    ]


def prepare(model: StarterModel) -> Path:
    """Runs the model's recipe into its place in the cache; returns the folder.

    The recipe writes beside the place and the finished folder is moved there, so that a broken
    run leaves nothing that looks like a model. A second process that prepares meanwhile waits
    for the first one's result. Raises RuntimeError if the recipe fails, SettingsError if the
    cache folder cannot be written to.
    """
    destination = model.location()
    if not model.recipe:
        raise RuntimeError(f"{destination} is missing from the repository; restore it")
    try:
        with _alone_in(destination.parent):
            if not destination.exists():
                _make(model.recipe, destination)
    except OSError as error:
        raise SettingsError(
            "ATELIER_CACHE", f"cannot write to {destination.parent}: {error.strerror or error}"
        ) from error
    return destination


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Makes the folder and holds its lock, which the system lets go of however a process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(recipe: str, destination: Path) -> None:
    prefix = f".{destination.name}-"
    for remains in destination.parent.glob(f"{prefix}*"):
        # Of a process that was killed: nobody else is here.
        shutil.rmtree(remains, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=destination.parent))
    try:
        command = [sys.executable, "-m", recipe, str(scratch)]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if status:
            raise RuntimeError(f"the recipe {recipe} failed with {_described(status)}")
        if not any(scratch.iterdir()):
            raise RuntimeError(f"the recipe {recipe} has written nothing")
        scratch.chmod(0o755)
        scratch.rename(destination)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _described(status: int) -> str:
    if status == -signal.SIGKILL:
        return "signal 9; the machine may be out of memory"
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def main() -> int:
    """Prepares what is missing, telling what it does; returns the exit status."""
    parser = argparse.ArgumentParser(description="Prepare the starter models.")
    parser.add_argument("capabilities", nargs="*", help="whose models; all if none is named")
    try:
        models = missing_models(parser.parse_args().capabilities)
        for model in models:
            print(f"preparing {model.name} ({model.source})", flush=True)
            began = time.monotonic()
            folder = prepare(model)
            print(f"prepared {model.name} in {time.monotonic() - began:.0f} s: {folder}")
    except (SettingsError, RuntimeError) as error:
        print(f"atelier: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
