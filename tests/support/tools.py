"""Programs that a test needs beside Python's packages."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def required_tool(name: str) -> str:
    """The path of a program; without it the test is skipped, and fails in CI."""
    here = Path(sys.executable).parent / name
    path = str(here) if here.exists() else shutil.which(name)
    if path is not None:
        return path
    reason = f"the program {name} is missing; `make test` installs it where it may"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
