"""The real stack with the starter models, on free ports, and commands run against it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.common.settings import ROOT
from tests.support.ports import free_port

USUAL_PORTS = {
    "GATEWAY_HTTP_PORT": 8080,
    "GATEWAY_GRPC_PORT": 50050,
    "GATEWAY_METRICS_PORT": 9400,
    "LLM_PORT": 50051,
    "LLM_METRICS_PORT": 9401,
    "TTS_PORT": 50052,
    "TTS_METRICS_PORT": 9402,
    "IMAGE_PORT": 50053,
    "IMAGE_METRICS_PORT": 9403,
    "VIDEOGEN_PORT": 50054,
    "VIDEOGEN_METRICS_PORT": 9404,
}


@dataclass
class RealStack:
    """A running stack; its ports stand where the usual ones would."""

    ports: dict[str, int]
    env: dict[str, str]

    def port(self, name: str) -> int:
        return self.ports[name]

    def here(self, text: str) -> str:
        """A text of the README with the usual ports replaced by this stack's."""
        for name, usual in USUAL_PORTS.items():
            text = text.replace(f":{usual}", f":{self.ports[name]}")
        return text

    def atelier(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, path: str) -> bytes:
        url = f"http://127.0.0.1:{self.ports['GATEWAY_HTTP_PORT']}{path}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bytes(answer.read())

    def capabilities(self) -> dict[str, dict[str, object]]:
        """The evidence by capability, from the status route."""
        answer = json.loads(self.get("/v1/capabilities/status"))
        return {item["name"]: item for item in answer["capabilities"]}

    def metrics(self, port_name: str) -> str:
        url = f"http://127.0.0.1:{self.ports[port_name]}/metrics"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())

    def worker(self, name: str) -> psutil.Process:
        """The process of a worker."""
        return _listener(f"services.{name}", self.ports[f"{name.upper()}_PORT"])

    def gateway(self) -> psutil.Process:
        """The process of the gateway."""
        return _listener("services.gateway", self.ports["GATEWAY_HTTP_PORT"])


def _listener(module: str, port: int) -> psutil.Process:
    """The process that runs a module and listens on a port."""
    for process in psutil.process_iter(["cmdline"]):
        if module in (process.info["cmdline"] or []):
            for connection in process.net_connections(kind="tcp"):
                if connection.laddr.port == port and connection.status == "LISTEN":
                    return process
    raise AssertionError(f"no {module} listens on {port}")


@contextmanager
def real_stack(folder: Path, **more: str) -> Iterator[RealStack]:
    """`atelier up` in the background, and `down` at the end; `more` goes into its environment."""
    ports = {name: free_port() for name in USUAL_PORTS}
    env = os.environ | {f"ATELIER_{name}": str(port) for name, port in ports.items()}
    env |= {
        "ATELIER_RUN_DIR": str(folder / "run"),
        "ATELIER_JOBS_FOLDER": str(folder / "jobs"),
        "ATELIER_ACCESS_KEYS_FILE": str(folder / "keys.json"),
        # Long enough for every test; a small model that talks on would take a minute.
        "ATELIER_LLM_DEFAULT_MAX_TOKENS": "64",
        "ATELIER_GATEWAY": f"127.0.0.1:{ports['GATEWAY_GRPC_PORT']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    stack = RealStack(ports, env | more)
    started = stack.atelier("up", "-d")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stack.atelier("down", "--quiet")


def without(*names: str) -> dict[str, str]:
    """Settings for a stack in which these capabilities have no worker; each takes its time."""
    return {f"ATELIER_{name.upper()}_START": "false" for name in names}


def kill_hard(process: psutil.Process) -> None:
    """kill -9."""
    process.send_signal(signal.SIGKILL)
