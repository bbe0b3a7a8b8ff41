"""A model is a starter model, a folder or a hub id."""

from pathlib import Path

import pytest

from services.common.models import cache_folder, resolve_model, starter_models
from services.common.settings import ROOT, SettingsError, load_settings


def cache(tmp_path: Path) -> dict[str, str]:
    return {"ATELIER_CACHE": str(tmp_path)}


def test_every_starter_model_says_where_it_comes_from() -> None:
    models = starter_models()
    assert "smollm2-135m-instruct" in models
    for model in models.values():
        assert model.licence, model.name
        assert model.source, model.name
        assert bool(model.recipe) != bool(model.folder), model.name


def test_the_settings_name_capabilities_that_the_catalogue_knows() -> None:
    capabilities = {row.name for row in load_settings(env={}).capabilities}
    assert {model.capability for model in starter_models().values()} <= capabilities


def test_a_prepared_starter_model_lies_in_the_cache(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "smollm2-135m-instruct-r1"
    folder.mkdir(parents=True)
    source = resolve_model("smollm2-135m-instruct", cache(tmp_path))
    assert (source.name, source.location, source.is_local) == (
        "smollm2-135m-instruct",
        str(folder),
        True,
    )


def test_a_starter_model_that_is_not_prepared_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not prepared; run `atelier prepare`"):
        resolve_model("smollm2-135m-instruct", cache(tmp_path))


def test_a_folder_may_be_absolute_or_within_the_repository(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    source = resolve_model(str(tmp_path / "mine"))
    assert (source.name, source.location, source.is_local) == (
        "mine",
        str(tmp_path / "mine"),
        True,
    )
    assert resolve_model("models").location == str(ROOT / "models")


def test_a_hub_id_is_left_to_the_hub() -> None:
    source = resolve_model("Qwen/Qwen3-0.6B")
    assert (source.name, source.location, source.is_local) == (
        "Qwen/Qwen3-0.6B",
        "Qwen/Qwen3-0.6B",
        False,
    )


@pytest.mark.parametrize("name", ["nothing", "./nothing/here", "a/b/c", "a b/c", "/no/such/folder"])
def test_what_is_none_of_the_three_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"no starter model .*smollm2.*, no folder, and no hub"):
        resolve_model(name)


def test_the_cache_folder_follows_the_environment() -> None:
    assert cache_folder({"ATELIER_CACHE": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert cache_folder({"XDG_CACHE_HOME": "/b"}) == Path("/b/atelier")
    assert cache_folder({}) == Path.home() / ".cache" / "atelier"
    assert cache_folder({"ATELIER_CACHE": "~/x"}) == Path.home() / "x"
