"""The process: it starts without torch, and a wrong setting is one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_nothing_heavy_is_imported_before_the_first_task() -> None:
    heavy = ("torch", "diffusers", "transformers", "av")
    code = (
        "import sys, services.videogen.__main__;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = run("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MODEL", "/no/such/folder", "no folder"),
        ("OFFLOAD", "disk", "none of none, model, sequential"),
        ("ATTENTION", "flash_hub", "is none of auto"),
        ("MAX_STEPS", "0", "must be more than 0"),
    ],
)
def test_a_wrong_setting_is_one_line(variable: str, value: str, words: str) -> None:
    done = run("-m", "services.videogen", **{f"ATELIER_VIDEOGEN_{variable}": value})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("videogen worker: ")
    assert words in done.stderr


def test_a_folder_of_another_capability_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    done = run("-m", "services.videogen", ATELIER_VIDEOGEN_MODEL=str(tmp_path))
    assert done.returncode == 1
    assert "makes no clips" in done.stderr
