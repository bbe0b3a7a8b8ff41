"""The images, without an engine: their files pass a linter, and their packages are enough.

No image is built here, and no container runs.
"""

import re
import subprocess
from pathlib import Path

import pytest

from services.common.settings import ROOT, load_settings
from tests.support.images import REQUIREMENTS, make_site, pins, run_with
from tests.support.tools import required_tool

DOCKER = ROOT / "deploy" / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
WORKERS = ("llm", "tts", "image", "videogen")
HEAVY = {"torch", "transformers", "diffusers", "numpy"}

LATE = (
    "services.common.online",
    "services.common.tracing_otel",
    "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
)
"""What a process imports when it is asked to."""


def modules_of(*packages: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", *(f"services/{package}/*.py" for package in packages)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    # Migrations are no modules: alembic runs them.
    files = [name for name in listed if "/migrations/" not in name]
    names = [name.removesuffix(".py").removesuffix("/__init__") for name in files]
    return [name.replace("/", ".") for name in names]


def imports(modules: list[str]) -> str:
    return "import importlib\nfor name in " + repr(modules) + ": importlib.import_module(name)"


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_finds_nothing(file: Path) -> None:
    linted = subprocess.run(
        [required_tool("hadolint"), file], capture_output=True, text=True, check=False
    )
    assert linted.stdout + linted.stderr == ""
    assert linted.returncode == 0


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)
def test_a_container_is_nobody_listens_to_signals_and_tells_its_health(file: Path) -> None:
    last = file.read_text().rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
    assert '\nENTRYPOINT ["/usr/bin/tini", "--"' in last
    assert "services.common.online" in last.partition("HEALTHCHECK")[2]


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)
def test_base_images_have_exact_versions(file: Path) -> None:
    bases = re.findall(r"^ARG \w+_IMAGE=(.+)$", file.read_text(), re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"\w+:\d+\.\d+\.\d+-[\w-]+", base) for base in bases)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_is_there_and_in_the_context(file: Path) -> None:
    allowed = [
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        path = name.replace("${CAPABILITY}", "llm")
        assert any(f"{path}/".startswith(f"{entry.rstrip('*')}/") for entry in allowed) or (
            path == "apps/web*"
        )
        assert list(ROOT.glob(path)) or path == "apps/web*", path


@pytest.mark.parametrize("image", ["gateway", *WORKERS])
def test_an_image_has_the_versions_that_everything_was_tested_with(image: str) -> None:
    assert pins(REQUIREMENTS / "images" / f"{image}.txt").items() <= (
        pins(REQUIREMENTS / "run.txt").items()
    )


def test_there_is_an_image_for_every_capability() -> None:
    rows = load_settings(ROOT / "atelier.toml", {}).capabilities
    assert {row.name for row in rows} == set(WORKERS)


def test_the_gateway_runs_with_the_packages_of_its_image(tmp_path: Path) -> None:
    assert not HEAVY & pins(REQUIREMENTS / "images" / "gateway.txt").keys()
    site = make_site("gateway", tmp_path)
    result = run_with(site, imports([*modules_of("gateway"), *LATE]) + "\nprint('all')")
    assert result.stdout == "all\n", result.stderr[-2000:]


def test_a_package_that_is_not_listed_is_not_found(tmp_path: Path) -> None:
    result = run_with(make_site("gateway", tmp_path), "import torch")
    assert "No module named 'torch'" in result.stderr


@pytest.mark.heavy
@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_runs_with_the_packages_of_its_image(name: str, tmp_path: Path) -> None:
    site = make_site(name, tmp_path)
    modules = modules_of(name, *(["diffusion"] if name in ("image", "videogen") else []))
    result = run_with(site, imports([*modules, *LATE]) + "\nprint('all')")
    assert result.stdout == "all\n", result.stderr[-2000:]
