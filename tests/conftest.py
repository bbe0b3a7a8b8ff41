"""What all tests share: the stubs of the echo capability, compiled before any test is imported."""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.support.echo.stubs import compile_stubs

_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts the tests in the background lets them ignore Ctrl-C, and so would every
    # program that they start to send it one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="atelier-echo-"))
    config.stash[_folder] = folder
    compile_stubs(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_folder], ignore_errors=True)
