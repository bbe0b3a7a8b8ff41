"""A real stack that a real Prometheus watches, started as an operator starts it."""

import json
import math
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.common.settings import ROOT
from tests.support.ports import free_port
from tests.support.prometheus_rules import write_impatient_copy
from tests.support.real_stack import RealStack
from tests.support.tools import required_tool

PATIENCE_SECONDS = 180.0
T = TypeVar("T")


def until(condition: Callable[[], T], what: str) -> T:
    """What the condition gives once it is true; looks again and again, for it is told by others."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"in vain: {what}")


@dataclass(frozen=True)
class Series:
    """A series of an answer."""

    labels: dict[str, str]
    values: list[float]

    @property
    def tells(self) -> bool:
        """Whether there is any value that is a number."""
        return any(not math.isnan(value) for value in self.values)


@dataclass
class Prometheus:
    """Asks it over its API."""

    port: int
    alertmanager_port: int
    began: float = field(default_factory=time.time)

    def get(self, path: str, **query: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None

    def value(self, expression: str) -> float | None:
        """The first value of now."""
        found = self.get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def since_the_beginning(self, expression: str) -> list[Series]:
        """The series of all the time that it has watched, as a panel of Grafana shows them."""
        data = self.get(
            "query_range", query=expression, start=str(self.began), end=str(time.time()), step="1"
        )
        return [
            Series(item["metric"], [float(value) for _, value in item["values"]])
            for item in data["result"]
        ]

    def tells(self, expression: str) -> bool:
        """Whether a query has found any number since the beginning."""
        return any(series.tells for series in self.since_the_beginning(expression))

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that fire, by name and capability, but for the disk's: it is not ours."""
        return {
            (item["labels"]["alertname"], item["labels"].get("capability", ""))
            for item in self.get("alerts")["alerts"]
            if item["state"] == "firing" and item["labels"]["alertname"] != "AtelierDiskFillsUp"
        }

    def told(self) -> set[tuple[str, str]]:
        """What amtool shows that Alertmanager was told of and does not hold back, the same way."""
        url = f"--alertmanager.url=http://127.0.0.1:{self.alertmanager_port}"
        shown = subprocess.run(
            [required_tool("amtool"), url, "alert", "query", "--output=json"],
            capture_output=True,
            text=True,
            check=True,
        )
        return {
            (item["labels"]["alertname"], item["labels"].get("capability", ""))
            for item in json.loads(shown.stdout)
            if item["labels"]["alertname"] != "AtelierDiskFillsUp"
        }


@contextmanager
def watching(stack: RealStack, folder: Path) -> Iterator[Prometheus]:
    """`make prometheus` for the stack, with impatient rules and a GPU; all targets are up."""
    for name in ("prometheus", "prometheus-alertmanager", "amtool"):
        required_tool(name)
    gpu_port = free_port()
    gpu = {
        "job_name": "gpu",
        "static_configs": [
            {"targets": [f"127.0.0.1:{gpu_port}"], "labels": {"capability": "image"}}
        ],
    }
    config = write_impatient_copy(folder, [gpu])
    prometheus = Prometheus(free_port(), free_port())
    ports = [
        f"--port={prometheus.port}",
        f"--alertmanager-port={prometheus.alertmanager_port}",
    ]
    module = [sys.executable, "-m"]
    with (
        _process([*module, "tests.support.gpu_exporter", str(gpu_port)], stack.env),
        _process([*module, "scripts.prometheus", f"--config={config}", *ports], stack.env) as out,
    ):
        _until_told(out)
        until(lambda: prometheus.value("count(up == 1)") == 6, "six targets that are up")
        yield prometheus


def _until_told(process: "subprocess.Popen[str]") -> None:
    """Reads until it says how it is ended: then it is there."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return
    raise AssertionError("".join(lines))


@contextmanager
def _process(command: list[str], env: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()
