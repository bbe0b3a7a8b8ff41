"""The times of spans."""

import time
from collections.abc import Iterator

import pytest

from services.common.tracing_clock import FOLLOWS_NANOSECONDS, TracingClock


def test_it_tells_the_time() -> None:
    clock = TracingClock()
    before = time.time_ns()
    told = clock.nanoseconds(time.monotonic())
    assert before - FOLLOWS_NANOSECONDS <= told <= time.time_ns() + FOLLOWS_NANOSECONDS


def test_moments_keep_their_order_however_the_clocks_tremble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trembling() -> Iterator[int]:
        while True:
            yield from (0, 900, -2_000, 40, 0)

    tremble, real = trembling(), time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + next(tremble))
    clock, moment = TracingClock(), time.monotonic()
    told = [clock.nanoseconds(moment) for _ in range(20)]
    assert len(set(told)) == 1
    assert clock.nanoseconds(moment + 1e-6) > told[0] > clock.nanoseconds(moment - 1e-6)


def test_a_clock_that_was_set_anew_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, real, hour = TracingClock(), time.time_ns, 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: real() + hour)
    late = clock.nanoseconds(time.monotonic()) - real()
    assert late == pytest.approx(hour, abs=FOLLOWS_NANOSECONDS)
