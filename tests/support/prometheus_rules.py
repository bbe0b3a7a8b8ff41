"""The shipped rules of Prometheus, and the tests that promtool runs of them."""

from pathlib import Path
from typing import Any

import yaml

from services.common.settings import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
# Long enough that a scrape which a busy machine missed does not count as a loss.
_SOON = {
    "AtelierCapabilityUnavailable": {"for": "1s"},
    "AtelierCapabilityError": {"for": "1s"},
    "AtelierTargetAbsent": {"for": "6s"},
}


def rules() -> list[dict[str, Any]]:
    """All rules, recording and alerting."""
    return [
        rule
        for file in RULES
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def recordings() -> list[dict[str, Any]]:
    """The recording rules."""
    return [rule for rule in rules() if "record" in rule]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerting rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def write_impatient_copy(folder: Path, jobs: list[dict[str, Any]]) -> Path:
    """The shipped configuration and rules, but with seconds in place of minutes.

    Scrapes every other second, looks every second, and alerts of _SOON after seconds. `jobs` are
    scraped as well. Returns the configuration's path.
    """
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {
        "scrape_interval": "2s",
        "scrape_timeout": "2s",
        "evaluation_interval": "1s",
    }
    config["scrape_configs"] += jobs
    (folder / "rules").mkdir(parents=True)
    for file in RULES:
        groups = yaml.safe_load(file.read_text(encoding="utf-8"))
        for group in groups["groups"]:
            for rule in group["rules"]:
                rule.update(_SOON.get(rule.get("alert", ""), {}))
        (folder / "rules" / file.name).write_text(yaml.safe_dump(groups))
    target = folder / "prometheus.yml"
    target.write_text(yaml.safe_dump(config))
    return target
