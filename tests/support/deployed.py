"""Reads the settings as a container does that has exactly these environment variables."""

from collections.abc import Mapping
from importlib import import_module

from services.common.settings import (
    ROOT,
    Settings,
    WorkerSettings,
    load_settings,
    load_worker,
)
from services.common.settings_access import require_safe_faces

SETTINGS = ROOT / "atelier.toml"


def gateway_settings(env: Mapping[str, str], *, keys: bool) -> Settings:
    """Raises SettingsError where the gateway would refuse to start; `keys`: it has a keys file."""
    settings = load_settings(SETTINGS, env)
    require_safe_faces(settings.gateway.host, settings.access, keys=keys, client_ca=False)
    return settings


def worker_settings(name: str, env: Mapping[str, str]) -> WorkerSettings:
    """Raises SettingsError where the worker would refuse to start."""
    cls = getattr(import_module(f"services.{name}.settings"), f"{name.capitalize()}Settings")
    settings: WorkerSettings = load_worker(name, cls, SETTINGS, env)
    return settings
