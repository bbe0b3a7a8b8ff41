"""A whole stack of real processes in a folder of its own: the gateway and a talking worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.cli.stack.folder import RunFolder
from services.cli.stack.supervision import Supervision
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Stack:
    """Its settings, and `atelier` run with them."""

    folder: RunFolder
    env: dict[str, str]
    llm_port: int

    @property
    def supervision(self) -> Supervision:
        return Supervision(self.folder.socket)

    def atelier(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def foreground(self, terminal: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        """Starts `atelier up` in the foreground; `terminal` becomes its standard input."""
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "services.cli", "up"],
            cwd=ROOT,
            env=self.env,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def family(self) -> list[psutil.Process]:
        """Supervisord and all that it runs."""
        pid = self.supervision.pid()
        assert pid is not None
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Settings on free ports; at the end whatever still runs is ended."""
    ports = [free_port() for _ in range(5)]
    model = folder / "model"
    model.mkdir()
    settings = folder / "atelier.toml"
    settings.write_text(
        f"""
[gateway]
grpc_port = {ports[0]}
http_port = {ports[1]}
metrics_port = {ports[2]}
shutdown_grace_seconds = 1.0

[capabilities.llm]
service = "atelier.llm.v1.LlmService"
module = "tests.support.talking"
port = {ports[3]}
metrics_port = {ports[4]}
model = "{model}"
shutdown_grace_seconds = 1.0

[capabilities.image]
service = "atelier.image.v1.ImageService"
module = "nowhere"
port = {free_port()}
metrics_port = {free_port()}
model = "none"
"""
    )
    env = os.environ | {
        "ATELIER_SETTINGS": str(settings),
        "ATELIER_RUN_DIR": str(folder / "run"),
        "ATELIER_JOBS_FOLDER": str(folder / "jobs"),
        "ATELIER_ACCESS_KEYS_FILE": str(folder / "keys.json"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")]),
    }
    for name in ("GATEWAY", "KEY", "CA", "CERTIFICATE"):
        env.pop(f"ATELIER_{name}", None)
    running = Stack(RunFolder(folder / "run"), env, ports[3])
    try:
        yield running
    finally:
        running.atelier("down", "--quiet")
