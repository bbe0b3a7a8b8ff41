import configparser
import shlex
import sys
from pathlib import Path

from services.cli.stack.configuration import write_configuration
from services.cli.stack.folder import RunFolder, run_folder
from services.cli.stack.plan import plan_processes
from services.common.settings import CapabilityRow, Settings

ROWS = (
    CapabilityRow(
        name="llm",
        service="a.Llm",
        port=1,
        metrics_port=2,
        module="tests.support.talking",
        shutdown_grace_seconds=7.5,
    ),
    CapabilityRow(name="image", service="a.Image", port=3, metrics_port=4, module="nowhere"),
)


def written(folder: RunFolder) -> configparser.RawConfigParser:
    folder.make()
    write_configuration(plan_processes(Settings(capabilities=ROWS)), folder)
    parser = configparser.RawConfigParser()
    parser.read(folder.configuration)
    return parser


def test_only_processes_that_exist_become_programs(tmp_path: Path) -> None:
    sections = written(RunFolder(tmp_path)).sections()
    assert [name for name in sections if name.startswith("program:")] == [
        "program:gateway",
        "program:llm",
    ]


def test_a_program_is_restarted_drained_and_logged(tmp_path: Path) -> None:
    llm = written(RunFolder(tmp_path))["program:llm"]
    assert llm["autorestart"] == "true"
    assert llm["stopsignal"] == "TERM"
    assert llm["stopwaitsecs"] == "13"
    assert llm["stdout_logfile"] == str(tmp_path / "logs" / "llm.log")
    assert shlex.split(llm["command"])[-3:] == [sys.executable, "-m", "tests.support.talking"]


def test_a_percent_sign_in_a_path_survives(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "100% mine")
    log = written(folder)["program:llm"]["stdout_logfile"]
    assert log % {} == str(folder.log("llm"))


def test_a_deep_folder_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = RunFolder(tmp_path / ("deep" * 40))
    assert len(str(deep.socket)) < 104
    assert deep.socket == RunFolder(deep.path).socket
    assert deep.socket != RunFolder(tmp_path / ("deep" * 41)).socket


def test_the_environment_can_name_the_folder(tmp_path: Path) -> None:
    assert run_folder({"ATELIER_RUN_DIR": str(tmp_path)}).path == tmp_path
    assert run_folder({}).path.name == ".run"
