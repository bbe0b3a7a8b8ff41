"""The oldest ended jobs go first: by age, by count, by bytes."""

import pytest

from services.common.settings_jobs import JobSettings
from services.gateway.jobs.retention import Kept, to_evict

NOW = 1_000_000.0
DAY, MIB = 86400.0, 1024 * 1024


def jobs(*days_and_mib: tuple[float, int]) -> list[Kept]:
    """Ended jobs, the newest first: how many days ago, and how large; named by their place."""
    return [
        Kept(str(place), NOW - days * DAY, mib * MIB)
        for place, (days, mib) in enumerate(days_and_mib)
    ]


@pytest.mark.parametrize(
    ("kept", "settings", "gone"),
    [
        ([], {}, []),
        ([(1, 1), (2, 1)], {}, []),
        ([(1, 1), (2, 1), (3, 1)], {"keep_count": 2}, ["2"]),
        ([(1, 1), (29.9, 1), (30.1, 1)], {}, ["2"]),
        ([(1, 4), (2, 4), (3, 4)], {"keep_mib": 8}, ["2"]),
        ([(1, 4), (2, 5), (3, 0)], {"keep_mib": 8}, ["1", "2"]),
        ([(1, 100)], {"keep_mib": 8}, []),
        ([(1, 100), (2, 0)], {"keep_mib": 8}, ["1"]),
        ([(40, 1)], {}, ["0"]),
    ],
    ids=[
        "nothing is kept",
        "all fits",
        "too many",
        "too old",
        "too large together",
        "behind the first that does not fit, none does",
        "the newest stays whatever its size",
        "but takes the room of all others",
        "but not for ever",
    ],
)
def test_who_has_to_go(
    kept: list[tuple[float, int]], settings: dict[str, float], gone: list[str]
) -> None:
    assert to_evict(jobs(*kept), JobSettings(**settings), NOW) == gone  # type: ignore[arg-type]
