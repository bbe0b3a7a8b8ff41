"""The committed dashboards as Grafana reads them, and every query in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.common.settings import ROOT

FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))


@dataclass(frozen=True)
class PanelQuery:
    """A query, the panel in which it stands, and what its legend says."""

    panel: str
    expression: str
    legend: str = ""

    def filled_in(self, capability: str = ".+") -> str:
        """The query with Grafana's variables replaced, for a Prometheus that scrapes often."""
        text = self.expression.replace("$__rate_interval", "20s").replace("$__range", "5m")
        return text.replace("$capability", capability)


def read(file: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return dashboard


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels but the headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(file: Path) -> Iterator[PanelQuery]:
    """The queries of a dashboard, those of its marks too."""
    dashboard = read(file)
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield PanelQuery(panel["title"], target["expr"], target.get("legendFormat", ""))
    for annotation in dashboard["annotations"]["list"]:
        yield PanelQuery(annotation["name"], annotation["expr"])


def all_queries() -> list[PanelQuery]:
    """The queries of all dashboards."""
    return [query for file in FILES for query in queries(file)]
