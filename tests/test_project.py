"""What holds for the whole repository, beyond what the linters can say."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY_LIBRARIES = {"av", "diffusers", "torch", "transformers"}
# A worker's engine, whatever parts it has, and what the engines share.
ENGINES = re.compile(r"services/(\w+/engine\w*|diffusion/\w+)\.py")


def committed_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources("services"), ids=name_of)
def test_only_engines_import_the_heavy_libraries(path: Path) -> None:
    if ENGINES.fullmatch(name_of(path)):
        return
    imported = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").partition(".")[0])
    assert imported & HEAVY_LIBRARIES == set()


def test_the_gateway_and_the_client_load_no_heavy_library() -> None:
    code = (
        "import sys, services.gateway.__main__, services.cli.stack_commands, "
        "services.cli.client_commands\n"
        f"print(sorted({HEAVY_LIBRARIES!r} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sources("services", "models"), ids=name_of)
def test_no_model_can_bring_code_of_its_own(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg == "trust_remote_code":
                assert isinstance(keyword.value, ast.Constant)
                assert keyword.value.value is False
        if ast.unparse(node.func) in ("torch.load", "pickle.load", "pickle.loads"):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert options.get("weights_only") == "True", ast.unparse(node)


@pytest.mark.parametrize("name", ["run.txt", "nodeps.txt", "test.txt", "test-nodeps.txt"])
def test_requirements_are_exact_versions_and_nothing_else(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [line.partition("#")[0].strip() for line in lines]
    pins = [line for line in pins if line]
    assert pins
    for line in pins:
        assert re.fullmatch(r"[a-z0-9-]+==([0-9]+!)?[0-9][0-9a-z.]*", line), line


def test_torch_and_grpc_have_the_versions_that_belong_together() -> None:
    pins = (ROOT / "requirements" / "run.txt").read_text().splitlines()
    assert "torch==2.13.0" in pins
    versions = {line.partition("==")[2] for line in pins if line.startswith("grpcio")}
    assert len(versions) == 1


def test_every_requirement_that_is_asked_for_is_pinned() -> None:
    pinned = {
        line.partition("==")[0]
        for name in ("run.txt", "test.txt")
        for line in (ROOT / "requirements" / name).read_text().splitlines()
    }
    for name in ("run.in", "test.in"):
        for line in (ROOT / "requirements" / name).read_text().splitlines():
            package = re.match(r"[A-Za-z0-9_.-]+", line.partition("#")[0].strip())
            if package:
                assert package[0].partition("==")[0].lower() in pinned


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert targets
    for target in targets:
        assert f"make {target} " in shown.stdout


def test_documents_name_only_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for path in ROOT.glob("*.md"):
        for target in re.findall(r"`make ([a-z-]+)", path.read_text()):
            assert target in targets, f"{path.name}: make {target}"


def test_nothing_names_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file does not name them either.
    places = [f"/{name}/" for name in ("work/main", "work/shared", "root")]
    for path in committed_files():
        if path.name == Path(__file__).name or path.stat().st_size > 1_000_000:
            continue
        text = path.read_text(errors="replace")
        for place in places:
            assert place not in text, f"{path.relative_to(ROOT)} names {place}"


def test_every_module_of_the_services_says_what_it_knows() -> None:
    silent = [
        name_of(path)
        for path in sources("services", "models")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def run_debian_tools(tmp_path: Path, *, ci: bool) -> "subprocess.CompletedProcess[str]":
    """Looks for a program that no machine has, where nothing can be installed."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "id", "env"):
        program = subprocess.run(["which", name], capture_output=True, text=True, check=True)
        (tools / name).symlink_to(program.stdout.strip())
    environment = {"PATH": str(tools)} | ({"CI": "true"} if ci else {})
    return subprocess.run(
        [ROOT / "scripts" / "debian_tools.sh", "no-such-program=no-such-package"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_program_is_named_and_its_tests_are_skipped(tmp_path: Path) -> None:
    result = run_debian_tools(tmp_path, ci=False)
    assert result.returncode == 0
    assert "tests that need it are skipped" in result.stdout
    assert "no-such-program (Debian no-such-package)" in result.stdout


def test_ci_does_not_skip(tmp_path: Path) -> None:
    result = run_debian_tools(tmp_path, ci=True)
    assert result.returncode == 1
    assert result.stderr.startswith("atelier: CI must not skip tests")
