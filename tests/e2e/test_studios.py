"""The built studios in a real browser, before a stack whose workers can really fail.

The cases are written in apps/web/e2e; here they get their stack, and the means to break it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.settings import ROOT
from tests.support.real_stack import real_stack
from tests.support.tools import required_tool

pytestmark = pytest.mark.starter
MODELS = {
    "IMAGE": ROOT / "models" / "emoji_draw_64" / "pipeline",
    "VIDEOGEN": ROOT / "models" / "emoji_motion" / "pipeline",
}
WEIGHTS = Path("transformer") / "diffusion_pytorch_model.safetensors"


def test_the_main_ways_through_the_studios(tmp_path: Path) -> None:
    in_chromium(tmp_path, {"E2E_QUICK": "1"}, "--exclude", "e2e/scenes.e2e.ts")


@pytest.mark.heavy
def test_every_way_and_every_pictured_state(tmp_path: Path) -> None:
    in_chromium(tmp_path, {})


def in_chromium(tmp_path: Path, how: dict[str, str], *chosen: str) -> None:
    """Runs the chosen cases; `how` goes into the environment, `chosen` are arguments of Vitest."""
    chromium = required_tool("chromium")
    models = {name: tmp_path / name for name in MODELS}
    for name, folder in models.items():
        shutil.copytree(MODELS[name], folder)
    settings = {f"ATELIER_{name}_MODEL": str(folder) for name, folder in models.items()}
    settings["ATELIER_LLM_DEFAULT_MAX_TOKENS"] = "512"  # so that there is something to stop
    # So that what is left is soon dropped.
    settings["ATELIER_JOBS_LEAVE_GRACE_SECONDS"] = "1"
    with real_stack(tmp_path, **settings) as stack:
        told = {
            "ATELIER_URL": f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}",
            "ATELIER_CHROMIUM": chromium,
            "E2E_ROOT": str(ROOT),
            "E2E_PYTHON": sys.executable,
            "E2E_GATEWAY_PID": str(stack.gateway().pid),
            "E2E_LLM_PID": str(stack.worker("llm").pid),
            "E2E_TTS_PID": str(stack.worker("tts").pid),
        }
        for name, folder in models.items():
            told[f"E2E_{name}_WEIGHTS"] = str(folder / WEIGHTS)
            told[f"E2E_{name}_WHOLE_WEIGHTS"] = str(MODELS[name] / WEIGHTS)
        ended = subprocess.run(
            ["scripts/web.sh", ".venv", "run", "--silent", "e2e", "--", *chosen],
            cwd=ROOT,
            env=stack.env | told | how,
            capture_output=True,
            text=True,
            check=False,
        )
    print(ended.stdout)  # what took how long, for `pytest -s`
    assert ended.returncode == 0, ended.stdout + ended.stderr
