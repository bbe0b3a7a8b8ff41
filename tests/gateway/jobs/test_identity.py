"""Ids sort by time, fit into URLs, and cannot be guessed."""

import re

from services.gateway.jobs import identity


def test_an_id_is_a_ulid_in_lower_case() -> None:
    assert re.fullmatch("[0-7][0-9a-hjkmnp-tv-z]{25}", identity.new_id())


def test_later_ids_sort_behind_earlier_ones(monkeypatch) -> None:
    moments = iter(range(1_700_000_000_000_000_000, 1_700_000_001_000_000_000, 10_000_000))
    monkeypatch.setattr(identity.time, "time_ns", lambda: next(moments))
    ids = [identity.new_id() for _ in range(100)]
    assert ids == sorted(ids)


def test_ids_of_the_same_moment_differ(monkeypatch) -> None:
    monkeypatch.setattr(identity.time, "time_ns", lambda: 0)
    assert len({identity.new_id() for _ in range(1000)}) == 1000
