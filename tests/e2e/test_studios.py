"""The built studios in a real browser, before a stack of which one worker really fails.

The cases are written in apps/web/e2e; here they get their stack, and the means to break it.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from services.common.settings import ROOT
from tests.support.real_stack import real_stack
from tests.support.tools import required_tool

pytestmark = pytest.mark.starter
MODEL = ROOT / "models" / "emoji_draw_64" / "pipeline"
WEIGHTS = Path("transformer") / "diffusion_pytorch_model.safetensors"


def test_the_studios_show_what_happens(tmp_path: Path) -> None:
    chromium = required_tool("chromium")
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    (model / WEIGHTS).write_bytes((MODEL / WEIGHTS).read_bytes()[:1000])
    with real_stack(tmp_path, ATELIER_IMAGE_MODEL=str(model)) as stack:
        told = {
            "ATELIER_URL": f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}",
            "ATELIER_CHROMIUM": chromium,
            "ATELIER_LLM_PID": str(stack.worker("llm").pid),
            "ATELIER_WHOLE_WEIGHTS": str(MODEL / WEIGHTS),
            "ATELIER_BROKEN_WEIGHTS": str(model / WEIGHTS),
        }
        ended = subprocess.run(
            ["scripts/web.sh", ".venv", "run", "--silent", "e2e"],
            cwd=ROOT,
            env=stack.env | told,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
