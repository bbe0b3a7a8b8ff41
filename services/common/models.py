"""Where a model lies: a starter model, a folder, or a hub id. Knows no model format."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.common.settings import ROOT, SettingsError

CATALOGUE = ROOT / "models" / "models.toml"


@dataclass(frozen=True)
class StarterModel:
    """A row of models/models.toml."""

    name: str
    capability: str
    licence: str
    source: str
    revision: int = 1
    recipe: str = ""
    """Module that writes the model into a folder; empty if the repository carries the weights."""
    folder: str = ""
    """Folder inside the repository; empty if a recipe makes it."""

    def location(self, env: Mapping[str, str] = os.environ) -> Path:
        """The folder in which the model lies, or will lie once it is prepared."""
        if self.folder:
            return ROOT / self.folder
        return cache_folder(env) / "models" / f"{self.name}-r{self.revision}"


@dataclass(frozen=True)
class ModelSource:
    """A model that can be loaded."""

    name: str
    """For people and answers."""
    location: str
    """A folder or file, or a hub id."""
    is_local: bool


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """The folder for what is made once and kept: ATELIER_CACHE, or the user's cache folder."""
    if env.get("ATELIER_CACHE"):
        return Path(env["ATELIER_CACHE"]).expanduser()
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "atelier"


def starter_models(catalogue: Path = CATALOGUE) -> dict[str, StarterModel]:
    """The starter models by name."""
    tables = tomllib.loads(catalogue.read_text(encoding="utf-8"))
    return {name: StarterModel(name=name, **table) for name, table in tables.items()}


def resolve_model(name: str, env: Mapping[str, str] = os.environ) -> ModelSource:
    """Finds the model of a `model` setting.

    Raises SettingsError for a starter model that is not prepared, a folder that does not exist,
    and a name that is none of the three.
    """
    starter = starter_models().get(name)
    if starter is not None:
        location = starter.location(env)
        if not location.exists():
            raise SettingsError(
                "model", f"starter model '{name}' is not prepared; run `atelier prepare`"
            )
        return ModelSource(name=name, location=str(location), is_local=True)
    path = Path(name).expanduser()
    path = path if path.is_absolute() else ROOT / path
    if path.exists():
        return ModelSource(name=path.name, location=str(path), is_local=True)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not name.startswith("."):
        return ModelSource(name=name, location=name, is_local=False)
    raise SettingsError(
        "model",
        f"'{name}' is no starter model ({', '.join(starter_models())}), no folder, and no hub id",
    )
