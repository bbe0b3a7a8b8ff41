import pytest

from services.common.pace import Pace


def test_before_the_first_step_nothing_is_estimated() -> None:
    assert Pace(now=100.0).remaining_seconds(10) == 0.0


def test_even_steps_give_an_exact_estimate() -> None:
    pace = Pace(now=100.0)
    for step in range(1, 5):
        assert pace.step(100.0 + 2.0 * step) == pytest.approx(2.0)
    assert pace.remaining_seconds(3) == pytest.approx(6.0)
    assert pace.remaining_seconds(0) == 0.0


def test_a_slow_first_step_is_soon_forgotten() -> None:
    pace = Pace(now=0.0)
    pace.step(60.0)
    for step in range(15):
        pace.step(61.0 + step)
    assert pace.remaining_seconds(1) == pytest.approx(1.0, abs=0.5)
