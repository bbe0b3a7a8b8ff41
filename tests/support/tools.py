"""Programs that some tests need. In CI none may be missing."""

import os
import shutil

import pytest


def tool(name: str) -> str:
    """The path of a program; skips the test by the program's name if it is missing."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing, and CI skips nothing")
        pytest.skip(f"{name} is not installed")
    return path
