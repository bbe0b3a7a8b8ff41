"""Tiny models, made once for all tests of the engine."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.support import image_models

    return _saved(tmp_path_factory, image_models.save_stable_diffusion)


@pytest.fixture(scope="session")
def stable_diffusion_3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.support import image_models

    return _saved(tmp_path_factory, image_models.save_stable_diffusion_3)


def _saved(factory: pytest.TempPathFactory, save: Callable[[Path], None]) -> Path:
    folder = factory.mktemp("model")
    save(folder)
    return folder
