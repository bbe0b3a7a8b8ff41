"""The room on the disks, as it is at scrape."""

import shutil
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.common.disk_metrics import DiskCollector


def figures(folders: dict[str, Path]) -> dict[str, tuple[float, float]]:
    """Free and whole bytes by folder, of those that are told."""
    registry = CollectorRegistry()
    registry.register(DiskCollector(folders))
    values: dict[str, list[float]] = {}
    for family in registry.collect():
        for sample in family.samples:
            values.setdefault(sample.labels["folder"], []).append(sample.value)
    return {name: (free, size) for name, (free, size) in values.items()}


def test_a_folder_has_the_room_of_its_disk(tmp_path: Path) -> None:
    free, size = figures({"jobs": tmp_path})["jobs"]
    assert size == shutil.disk_usage(tmp_path).total
    assert 0 < free < size


def test_a_folder_that_is_not_made_yet_has_the_room_of_the_disk_to_be(tmp_path: Path) -> None:
    _, size = figures({"jobs": tmp_path / "not" / "yet"})["jobs"]
    assert size == shutil.disk_usage(tmp_path).total


def test_a_folder_is_looked_for_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert figures({"jobs": Path("var/jobs")})["jobs"][1] == shutil.disk_usage(tmp_path).total


def test_a_disk_that_fails_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    look = shutil.disk_usage

    def usage(path: Path) -> object:
        if path == broken:
            raise OSError("the disk is gone")
        return look(path)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert set(figures({"jobs": broken, "models": tmp_path})) == {"models"}
