"""What all tests share: the stubs of the echo capability, compiled before any test is imported."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.support.echo.stubs import compile_stubs

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="atelier-echo-"))
    config.stash[_folder] = folder
    compile_stubs(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_folder], ignore_errors=True)
