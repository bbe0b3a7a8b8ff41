"""A starter model is prepared whole or not at all, and once, however many processes ask."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.common import prepare as preparing
from services.common.models import StarterModel
from services.common.prepare import main, missing_models, prepare
from services.common.settings import ROOT, SettingsError

MODEL = StarterModel(
    name="toy",
    capability="llm",
    licence="none",
    source="a test",
    recipe="tests.support.common_recipe",
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATELIER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TEST_RECIPE_LOG", str(tmp_path / "log"))
    return tmp_path / "cache"


def lies_in(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*"))


def test_a_prepared_model_lies_in_its_place(cache: Path) -> None:
    folder = prepare(MODEL)
    assert folder == cache / "models" / "toy-r1"
    assert lies_in(cache) == ["models", "models/toy-r1", "models/toy-r1/weights"]
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("fails", "failed with exit status 3"),
        ("is killed", "failed with signal 9; the machine may be out of memory"),
        ("writes nothing", "has written nothing"),
    ],
)
def test_a_broken_recipe_leaves_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str, says: str
) -> None:
    monkeypatch.setenv("TEST_RECIPE", kind)
    with pytest.raises(RuntimeError, match=f"the recipe {MODEL.recipe} {says}"):
        prepare(MODEL)
    assert lies_in(cache) == ["models"]

    monkeypatch.setenv("TEST_RECIPE", "works")
    assert prepare(MODEL).exists()


def test_the_remains_of_a_killed_process_are_cleared_away(cache: Path) -> None:
    remains = cache / "models" / ".toy-r1-abc"
    remains.mkdir(parents=True)
    (remains / "weights").write_text("half")
    prepare(MODEL)
    assert lies_in(cache) == ["models", "models/toy-r1", "models/toy-r1/weights"]


def test_two_at_once_run_the_recipe_once(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv("TEST_RECIPE", "waits")
    monkeypatch.setenv("TEST_RECIPE_GATE", str(gate))
    threads = [threading.Thread(target=prepare, args=(MODEL,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.touch()
    for thread in threads:
        thread.join(30)
    assert (tmp_path / "log").read_text() == "waits\n"
    assert lies_in(cache) == ["models", "models/toy-r1", "models/toy-r1/weights"]


def test_a_cache_that_cannot_be_written_to_is_a_setting(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match=r"ATELIER_CACHE: cannot write to .*/models: Not a dir"):
        prepare(MODEL)


def test_a_model_of_the_repository_needs_no_recipe(cache: Path) -> None:
    model = StarterModel(
        name="gone", capability="llm", licence="none", source="a test", folder="models/gone"
    )
    with pytest.raises(RuntimeError, match="models/gone is missing from the repository"):
        prepare(model)


def test_only_what_the_settings_ask_for_is_missing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "atelier.toml"
    settings.write_text(
        '[capabilities.llm]\nservice = "a.B"\nport = 1\nmetrics_port = 2\n'
        'model = "smollm2-135m-instruct"\n'
        '[capabilities.tts]\nservice = "a.C"\nport = 3\nmetrics_port = 4\nmodel = "mine/own"\n'
    )
    monkeypatch.setenv("ATELIER_SETTINGS", str(settings))
    assert [model.name for model in missing_models()] == ["smollm2-135m-instruct"]
    (cache / "models" / "smollm2-135m-instruct-r1").mkdir(parents=True)
    assert missing_models() == []


def test_the_command_tells_what_it_does(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["prepare"])
    monkeypatch.setattr(preparing, "missing_models", lambda _names: [MODEL])
    assert main() == 0
    told = capsys.readouterr().out
    assert "preparing toy (a test)" in told
    assert re.search(rf"prepared toy in \d+ s: {re.escape(str(cache))}/models/toy-r1", told)


def test_the_commands_errors_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    environment = {
        **os.environ,
        "ATELIER_CACHE": str(file),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}",
    }
    result = subprocess.run(
        [sys.executable, "-m", "services.common.prepare"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"atelier: ATELIER_CACHE: cannot write to {file}/models: ")


def test_only_the_models_of_the_named_capabilities_are_prepared(cache: Path) -> None:
    assert [model.name for model in missing_models(["tts"])] == ["joe-us-medium"]
    assert missing_models(["image"]) == []
    with pytest.raises(SettingsError, match=r"capabilities\.chess: is missing"):
        missing_models(["chess"])
