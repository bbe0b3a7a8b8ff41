"""The dashboards are what the code says, and Grafana finds them.

No Grafana runs here. What the dashboards ask is answered in test_watched.py.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.board import Board
from scripts.dashboards.panels import lines
from scripts.dashboards.writing import ALL, text_of, write
from services.common.settings import ROOT
from tests.support import dashboards
from tests.support.dashboards import FILES, panels, read

GRAFANA = ROOT / "deploy" / "grafana"
COMPOSE = ROOT / "deploy" / "compose" / "compose.yaml"
EVERY = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
UIDS = {"atelier-overview", "atelier-red", "atelier-llm", "atelier-workers", "atelier-jobs"}


def test_the_committed_files_are_what_the_code_makes(tmp_path: Path) -> None:
    made = {file.name: file.read_text() for file in write(tmp_path)}
    assert {file.name: file.read_text() for file in FILES} == made, "run `make dashboards`"


def test_what_is_no_dashboard_any_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / "atelier-old.json").write_text("{}")
    write(tmp_path)
    assert {file.stem for file in tmp_path.iterdir()} == UIDS


def test_the_ids_by_which_people_keep_links_stay() -> None:
    assert {read(file)["uid"] for file in FILES} == {file.stem for file in FILES} == UIDS


def test_it_is_the_same_each_time() -> None:
    for make in ALL:
        assert text_of(make()) == text_of(make())


@EVERY
def test_grafanas_own_model_reads_it(file: Path) -> None:
    dashboard = Dashboard.from_json(read(file))
    assert dashboard.uid == file.stem
    assert len(dashboard.panels or []) == len(read(file)["panels"])


@EVERY
def test_every_panel_has_an_id_a_title_a_sentence_and_a_unit(file: Path) -> None:
    dashboard = read(file)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    for panel in panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith(".")
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert unit in vars(units).values(), panel["title"]


@EVERY
def test_every_panel_asks_the_prometheus_that_the_reader_chose(file: Path) -> None:
    dashboard = read(file)
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(dashboard):
        assert panel["datasource"] == chosen
        assert panel["targets"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    used = set(re.findall(r"\$(capability)\b", file.read_text()))
    assert used == set(variables) - {"datasource"}


@EVERY
def test_no_panel_lies_on_another(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read(file)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@EVERY
def test_several_lines_have_legends_that_tell_them_apart(file: Path) -> None:
    for panel in panels(read(file)):
        legends = [target.get("legendFormat", "") for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]
        if panel["type"] != "table":
            assert all(legends), panel["title"]


def links(value: Any) -> list[str]:
    """The addresses of all links in a dashboard."""
    if isinstance(value, dict):
        found = [value["url"]] if isinstance(value.get("url"), str) else []
        return found + [url for item in value.values() for url in links(item)]
    if isinstance(value, list):
        return [url for item in value for url in links(item)]
    return []


@EVERY
def test_links_lead_to_dashboards_that_are_there(file: Path) -> None:
    dashboard = read(file)
    for url in links(dashboard):
        match = re.match(r"/d/([\w-]+)\?", url)
        assert match is not None
        assert match[1] in UIDS
    assert dashboard["tags"] == ["atelier"]
    (menu,) = dashboard["links"]
    assert (menu["type"], menu["tags"]) == ("dashboards", ["atelier"])


def test_the_overview_has_a_timeline_of_every_capability() -> None:
    timelines = [
        panel
        for panel in panels(read(dashboards.FOLDER / "atelier-overview.json"))
        if panel["type"] == "state-timeline"
    ]
    words = timelines[0]["fieldConfig"]["defaults"]["mappings"][0]["options"]
    assert [words[str(code)]["text"] for code in range(4)] == [
        "unknown", "available", "error", "unavailable"
    ]  # fmt: skip


def test_a_row_with_a_gap_is_refused() -> None:
    narrow = lines("A", "B.", units.Number, ("up", "{{job}}"), width=5)
    with pytest.raises(ValueError, match="leave a gap"):
        Board("a", "b", "c").row("Row", narrow)


def test_what_is_provisioned_is_where_the_containers_have_it() -> None:
    grafana = yaml.safe_load(COMPOSE.read_text().replace("!reset ", ""))["services"]["grafana"]
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    assert (COMPOSE.parent / "../grafana/provisioning").resolve() == GRAFANA / "provisioning"
    assert mounts["../grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["../grafana/dashboards"] == grafana["environment"]["ATELIER_DASHBOARDS"]
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/atelier.yml").read_text())
    assert provider["providers"][0]["options"]["path"] == "$ATELIER_DASHBOARDS"
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/atelier.yml").read_text())
    (source,) = sources["datasources"]
    assert (source["uid"], source["type"], source["url"]) == (
        "prometheus", "prometheus", "$PROMETHEUS_URL"
    )  # fmt: skip
    assert grafana["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"
