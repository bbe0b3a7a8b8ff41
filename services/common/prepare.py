"""Prepares the starter models that the settings ask for: each recipe runs once, whole or not.

Knows the catalogue and the cache folder; a recipe knows its model.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services.common.models import StarterModel, starter_models
from services.common.settings import ROOT, SettingsError, load_settings


def missing_models() -> list[StarterModel]:
    """The starter models that the capability table names and that do not lie ready."""
    catalogue = starter_models()
    wanted = {row.model for row in load_settings().capabilities if row.model in catalogue}
    return [
        model
        for name, model in catalogue.items()
        if name in wanted and not model.location().exists()
    ]


def prepare(model: StarterModel) -> Path:
    """Runs the model's recipe into its place in the cache; returns the folder.

    The recipe writes beside the place and the finished folder is moved there, so that a broken
    run leaves nothing that looks like a model. Raises RuntimeError if the recipe fails.
    """
    destination = model.location()
    destination.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    try:
        result = subprocess.run(
            [sys.executable, "-m", model.recipe, str(scratch)],
            cwd=ROOT,
            check=False,
            # A Ctrl-C is for us: run() then ends the recipe, which has nothing to say about it.
            process_group=0,
        )
        if result.returncode:
            raise RuntimeError(f"the recipe {model.recipe} failed with exit {result.returncode}")
        _move(scratch, destination)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return destination


def _move(scratch: Path, destination: Path) -> None:
    try:
        scratch.chmod(0o755)
        scratch.rename(destination)
    except OSError:
        # Another process has prepared the same model meanwhile; both results are the same.
        if not destination.exists():
            raise


def main() -> int:
    """Prepares what is missing, telling what it does; returns the exit status."""
    argparse.ArgumentParser(description="Prepare the starter models.").parse_args()
    try:
        models = missing_models()
        for model in models:
            print(f"preparing {model.name} ({model.source})", flush=True)
            began = time.monotonic()
            folder = prepare(model)
            print(f"prepared {model.name} in {time.monotonic() - began:.0f} s: {folder}")
    except (SettingsError, RuntimeError, OSError) as error:
        print(f"atelier: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
