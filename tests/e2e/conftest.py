"""One real stack for all end-to-end tests: its start is the dear part."""

from collections.abc import Iterator

import pytest

from tests.support.real_stack import RealStack, real_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    with real_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
