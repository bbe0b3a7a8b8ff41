"""Certificates and keys, made anew for each test."""

from pathlib import Path

import pytest

from tests.support.locked import Certificates, Keys


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates.made(tmp_path / "tls")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")
