"""The compose files hold to their specification, and their processes accept what they are told.

No container runs here.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.common.settings import ROOT
from services.common.worker import LAST_SECONDS
from tests.support.deployed import gateway_settings, worker_settings
from tests.support.tools import required_tool

FOLDER = ROOT / "deploy" / "compose"
FILES = sorted(FOLDER.glob("compose*.yaml"))
WORKERS = ("llm", "tts", "image", "videogen")
OURS = ("gateway", *WORKERS)
Services = dict[str, dict[str, Any]]


def without_tags(file: Path) -> str:
    """The text without compose's own tag that empties a value of the file below."""
    return file.read_text().replace("!reset ", "")


def with_defaults(text: str) -> str:
    """The text as compose reads it where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def services_of(*names: str) -> Services:
    """The services of these files, with their environment merged as compose merges it."""
    merged: Services = {}
    for name in names:
        for service, body in _services(name).items():
            known = merged.setdefault(service, {})
            environment = known.get("environment", {}) | body.get("environment", {})
            known.update(body, environment=environment)
    return merged


def _services(name: str) -> Services:
    services: Services = yaml.safe_load(with_defaults(without_tags(FOLDER / name)))["services"]
    return services


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_file_holds_to_the_specification(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name
    copy.write_text(without_tags(file))
    checked = subprocess.run(
        [required_tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_capability_has_a_gpu_of_its_own() -> None:
    services = services_of("compose.yaml")
    gpus = [
        services[name]["deploy"]["resources"]["reservations"]["devices"][0]["device_ids"]
        for name in WORKERS
    ]
    assert gpus == [["0"], ["1"], ["2"], ["3"]]


def test_on_cpus_nothing_asks_for_a_gpu() -> None:
    services = services_of("compose.yaml", "compose.cpu.yaml")
    for name in WORKERS:
        assert services[name]["deploy"] == {}
        assert services[name]["image"] == f"atelier/{name}:cpu"
        assert worker_settings(name, services[name]["environment"]).device == "cpu"


@pytest.mark.parametrize("name", OURS)
def test_a_container_may_little(name: str) -> None:
    service = services_of("compose.yaml")[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_workers_share_a_network_with_the_gateway_only_and_publish_nothing() -> None:
    services = services_of("compose.yaml")
    for name in WORKERS:
        assert services[name]["networks"] == [name]
        assert "ports" not in services[name]
        others = [other for other in OURS if name in services[other]["networks"]]
        assert others == ["gateway", name]


def test_ports_are_published_on_this_machine_only() -> None:
    for service in services_of("compose.yaml").values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_the_gateway_accepts_its_environment_and_finds_its_workers() -> None:
    settings = gateway_settings(services_of("compose.yaml")["gateway"]["environment"], keys=False)
    assert [row.target for row in settings.capabilities] == [
        "llm:50051", "tts:50052", "image:50053", "videogen:50054"
    ]  # fmt: skip
    assert settings.jobs.folder == "/var/lib/atelier/jobs"
    assert settings.access.allowed_hosts == ("localhost",)


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_accepts_its_environment_and_has_time_to_drain(name: str) -> None:
    service = services_of("compose.yaml")[name]
    settings = worker_settings(name, service["environment"])
    assert settings.host == "0.0.0.0"
    assert settings.device == "cuda:0"
    longest_seconds = settings.shutdown_grace_seconds + LAST_SECONDS
    assert int(service["stop_grace_period"].removesuffix("s")) > longest_seconds


def test_locked_every_hop_has_certificates_and_every_call_a_key() -> None:
    services = services_of("compose.yaml", "compose.locked.yaml")
    gateway = gateway_settings(services["gateway"]["environment"], keys=True)
    assert gateway.tls.faces is not None
    assert gateway.tls.gateway is not None
    assert gateway.access.require_key
    assert not gateway.access.allow_public_without_key
    for name in WORKERS:
        worker = worker_settings(name, services[name]["environment"])
        assert worker.tls.worker is not None
        assert not worker.access.allow_public_workers


def test_locked_every_secret_is_mounted_where_it_is_looked_for() -> None:
    services = services_of("compose.yaml", "compose.locked.yaml")
    for name in OURS:
        looked_for = {
            value.removeprefix("/run/secrets/")
            for value in services[name]["environment"].values()
            if value.startswith("/run/secrets/")
        }
        assert looked_for == set(services[name]["secrets"])


def test_what_prometheus_scrapes_are_our_metrics_ports() -> None:
    services = services_of("compose.yaml")
    settings = gateway_settings(services["gateway"]["environment"], keys=False)
    scrape = yaml.safe_load((FOLDER / "observability" / "prometheus.yaml").read_text())
    targets = {
        target
        for job in scrape["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    }
    assert targets == {f"gateway:{settings.gateway.metrics_port}"} | {
        f"{row.name}:{row.metrics_port}" for row in settings.capabilities
    }


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    checked = subprocess.run(
        [
            required_tool("promtool"),
            *("check", "config", "--syntax-only"),
            FOLDER / "observability" / "prometheus.yaml",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
