"""Prometheus' configuration, rules and tests of rules hold together, and with the stack's settings.

What a real Prometheus finds is in test_watched.py.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.prometheus.configuration import SHIPPED, configuration
from services.common.certificates import write_certificates
from services.common.settings import (
    ROOT,
    CapabilityRow,
    GatewaySettings,
    Settings,
    SettingsError,
    TlsSettings,
    load_settings,
)
from tests.support import promql
from tests.support.prometheus_rules import FOLDER, RULES, TESTS, alerts, recordings, rules
from tests.support.tools import required_tool

COMPOSED = ROOT / "deploy" / "compose" / "observability" / "prometheus.yaml"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
GUIDE = ROOT / "deploy" / "README.md"


def checked(*command: object) -> str:
    """What the program says, which must be content."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def targets(config: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Address and capability of each target, by job."""
    return {
        job["job_name"]: [
            (target, group.get("labels", {}).get("capability", ""))
            for group in job["static_configs"]
            for target in group["targets"]
        ]
        for job in config["scrape_configs"]
    }


# --- Files ---------------------------------------------------------------------------------------


def test_prometheus_accepts_the_configuration_with_its_rules() -> None:
    assert "3 rule files found" in checked(required_tool("promtool"), "check", "config", SHIPPED)


def test_alertmanager_accepts_its_configuration() -> None:
    checked(required_tool("amtool"), "check-config", ALERTMANAGER)


def test_the_usual_ports_are_scraped() -> None:
    settings = load_settings(ROOT / "atelier.toml", {})
    rows = [(f"{row.host}:{row.metrics_port}", row.name) for row in settings.capabilities]
    gateway = (f"{settings.gateway.host}:{settings.gateway.metrics_port}", "")
    assert targets(read(SHIPPED)) == {"atelier-gateway": [gateway], "atelier-worker": rows}


def test_in_containers_the_same_is_scraped_by_other_names() -> None:
    shipped, composed = read(SHIPPED), read(COMPOSED)
    assert composed["global"] == shipped["global"]
    assert composed["rule_files"] == ["/etc/prometheus/atelier/rules/*.yml"]
    for job, found in targets(composed).items():
        names = [(address.partition(":")[0], capability) for address, capability in found]
        assert names == [(one or "gateway", one) for _, one in targets(shipped)[job]]


def test_what_alertmanager_holds_back_are_alerts_of_ours() -> None:
    named = re.findall(r"Atelier\w+", ALERTMANAGER.read_text())
    assert named
    assert set(named) <= set(alerts())


# --- Rules ---------------------------------------------------------------------------------------


def test_names_are_given_once_and_say_what_they_are() -> None:
    names = [rule["alert"] for rule in rules() if "alert" in rule]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"Atelier[A-Z][A-Za-z]+", name)
    for rule in recordings():
        assert re.fullmatch(r"capability:[a-z_]+:[a-z0-9_]+", rule["record"])


@pytest.mark.parametrize("name", list(alerts()))
def test_an_alert_says_how_bad_it_is_what_it_is_and_what_to_do(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor == name.lower()
    assert name in headings


def test_the_guide_tells_of_no_alert_that_is_not_there() -> None:
    assert set(re.findall(r"\bAtelier[A-Z]\w+", GUIDE.read_text(encoding="utf-8"))) == set(alerts())


def test_every_capability_has_an_objective() -> None:
    name = "capability:atelier_task_seconds:objective"
    named = [rule["labels"]["capability"] for rule in recordings() if rule["record"] == name]
    settings = load_settings(ROOT / "atelier.toml", {})
    assert named == [row.name for row in settings.capabilities]


# --- Tests of rules ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_and_end_as_they_should(file: Path) -> None:
    checked(required_tool("promtool"), "test", "rules", file)


def expectations(name: str) -> list[bool]:
    """Whether an alert is expected, at each time at which the tests look at it."""
    return [
        bool(look["exp_alerts"])
        for file in TESTS
        for test in read(file)["tests"]
        for look in test.get("alert_rule_test", ())
        if look["alertname"] == name
    ]


@pytest.mark.parametrize("name", list(alerts()))
def test_an_alert_is_tested_to_fire_and_not_to(name: str) -> None:
    expected = expectations(name)
    assert expected.count(True) >= 1
    assert expected.count(False) >= 2  # before, and after it has ended


def test_rules_that_can_never_fire_fail_their_tests(tmp_path: Path) -> None:
    """Were it otherwise, the tests of rules would test nothing."""
    (tmp_path / "rules").mkdir()
    for file in RULES:
        content = read(file)
        for group in content["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    rule["expr"] = f"({rule['expr']}) < -Inf"
        (tmp_path / "rules" / file.name).write_text(yaml.safe_dump(content))
    copies = tmp_path / "tests"
    shutil.copytree(FOLDER / "tests", copies)
    done = subprocess.run(
        [required_tool("promtool"), "test", "rules", *copies.iterdir()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    failed = set(re.findall(r"alertname: ?(\w+)", done.stdout + done.stderr))
    assert failed == set(alerts())


# --- make prometheus -----------------------------------------------------------------------------


def row(name: str, **more: Any) -> CapabilityRow:
    return CapabilityRow(
        name=name, service=f"a.{name}.v1.S", **{"port": 1, "metrics_port": 2, **more}
    )


def made(settings: Settings) -> dict[str, Any]:
    return configuration(settings, SHIPPED, "127.0.0.1:9999")


def test_the_settings_say_what_is_scraped() -> None:
    settings = Settings(
        gateway=GatewaySettings(host="0.0.0.0", metrics_port=7400),
        capabilities=(
            row("llm", metrics_port=7401),
            row("image", host="gpu-2", metrics_port=7403, start=False),
            row("music", metrics_port=7405, start=False),
        ),
    )
    assert targets(made(settings)) == {
        "atelier-gateway": [("127.0.0.1:7400", "")],
        "atelier-worker": [("127.0.0.1:7401", "llm"), ("gpu-2:7403", "image")],
    }


def test_the_usual_settings_make_the_shipped_configuration() -> None:
    config = made(load_settings(ROOT / "atelier.toml", {}))
    assert config["rule_files"] == [str(FOLDER / "rules" / "*.yml")]
    assert config["alerting"]["alertmanagers"] == [
        {"static_configs": [{"targets": ["127.0.0.1:9999"]}]}
    ]
    shipped = read(SHIPPED)
    assert config["global"] == shipped["global"]
    assert config["scrape_configs"] == shipped["scrape_configs"]


def test_jobs_of_others_stay_as_they_are(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    shipped = read(SHIPPED)
    node = {"job_name": "node", "static_configs": [{"targets": ["127.0.0.1:9100"]}]}
    shipped["scrape_configs"].append(node)
    own.write_text(yaml.safe_dump(shipped))
    assert configuration(Settings(), own, "a:1")["scrape_configs"][-1] == node


def test_metrics_by_tls_are_scraped_with_the_clients_certificate(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    write_certificates(folder, [], 1)
    config = made(Settings(tls=TlsSettings(folder=str(folder), metrics=True)))
    for job in config["scrape_configs"]:
        assert job["scheme"] == "https"
        assert all(Path(file).is_file() for file in job["tls_config"].values())
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    checked(required_tool("promtool"), "check", "config", file)


def test_certificates_of_somebody_elses_are_not_guessed() -> None:
    files = {"certificate": "a.pem", "key": "a.key"}
    with pytest.raises(SettingsError, match=r"tls\.folder is not"):
        made(Settings(tls=TlsSettings(metrics=True, **files)))


# --- Queries are taken apart rightly -------------------------------------------------------------


def test_what_an_alert_compares_is_found() -> None:
    expression = 'sum(a{x="1"}) / (b > 0) > 0.9 or absent(up) == 1 or c > on (d) e and f < 2'
    assert promql.unjudged(expression) == [
        'sum(a{x="1"}) / (b{} > 0)', "up{}", "c{}", "e{}", "f{}"
    ]  # fmt: skip
    assert promql.metric_names("rate(a[5m]) / on (b) c offset 1m") == {"a", "c"}
    assert promql.legend_labels("{{ a }} and {{b}}") == {"a", "b"}
