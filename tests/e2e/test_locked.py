"""The README's section on locks, as it is written, on the real stack with the starter models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.settings import ROOT
from tests.e2e.test_readme import block
from tests.support.real_stack import real_stack, without

pytestmark = pytest.mark.starter


def run(text: str, env: dict[str, str]) -> str:
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def elsewhere(text: str, folder: Path) -> str:
    """An example whose files are in the folder, run by the environment's own commands."""
    text = text.replace("atelier certificates", f"atelier certificates --folder {folder}/tls")
    return text.replace("var/", f"{folder}/").replace(".venv/bin/", "")


def test_a_stack_that_is_locked_as_the_readme_says(tmp_path: Path) -> None:
    making = elsewhere(block(".venv/bin/atelier certificates"), tmp_path)
    assert making.endswith("\nmake run\n")
    run(
        making.removesuffix("make run\n"),
        os.environ
        | {
            "ATELIER_ACCESS_KEYS_FILE": str(tmp_path / "keys.json"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
    )
    locked = {"ATELIER_TLS_FOLDER": str(tmp_path / "tls")}
    with real_stack(tmp_path, **locked, **without("tts", "image", "videogen")) as stack:
        using = stack.here(elsewhere(block("export ATELIER_TLS_FOLDER"), tmp_path))
        said = run(using, stack.env)
    # The model's answer comes first; what it says is left to it.
    answer, evidence = said.split("{", maxsplit=1)
    assert answer.strip()
    assert '"state": "available"' in evidence
    assert "atelier.llm.v1.LlmService" in said
