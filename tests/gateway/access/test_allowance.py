"""What one key may do, with a clock that the test moves."""

import pytest

from services.gateway.access.allowance import Allowance, Limits
from services.gateway.access.errors import RateLimited, TooManyCalls


def use(allowance: Allowance, now: float, times: int = 1) -> None:
    """So many calls that begin and end."""
    for _ in range(times):
        allowance.enter(now)
        allowance.leave()


def test_a_minutes_calls_may_come_at_once_and_then_one_by_one() -> None:
    allowance = Allowance(Limits(rate_per_minute=6, concurrent=9), now=0.0)
    use(allowance, 0.0, times=6)
    with pytest.raises(RateLimited) as caught:
        use(allowance, 0.0)
    assert caught.value.retry_after_seconds == pytest.approx(10.0)
    with pytest.raises(RateLimited) as caught:
        use(allowance, 4.0)
    assert caught.value.retry_after_seconds == pytest.approx(6.0)
    use(allowance, 10.0)
    with pytest.raises(RateLimited):
        use(allowance, 10.0)


def test_a_pause_saves_up_no_more_than_a_minute() -> None:
    allowance = Allowance(Limits(rate_per_minute=3, concurrent=9), now=0.0)
    use(allowance, 1e6, times=3)
    with pytest.raises(RateLimited):
        use(allowance, 1e6)


def test_so_many_calls_run_at_once() -> None:
    allowance = Allowance(Limits(rate_per_minute=0, concurrent=2), now=0.0)
    allowance.enter(0.0)
    allowance.enter(0.0)
    with pytest.raises(TooManyCalls) as caught:
        allowance.enter(0.0)
    assert caught.value.retry_after_seconds == 1.0
    allowance.leave()
    allowance.enter(0.0)


def test_a_call_that_may_not_run_uses_up_nothing() -> None:
    allowance = Allowance(Limits(rate_per_minute=2, concurrent=1), now=0.0)
    allowance.enter(0.0)
    for _ in range(5):
        with pytest.raises(TooManyCalls):
            allowance.enter(0.0)
    allowance.leave()
    allowance.enter(0.0)


def test_other_limits_keep_count_of_what_runs() -> None:
    allowance = Allowance(Limits(rate_per_minute=0, concurrent=1), now=0.0)
    allowance.enter(0.0)
    allowance.change(Limits(rate_per_minute=1, concurrent=2), now=0.0)
    allowance.enter(0.0)
    with pytest.raises(TooManyCalls):
        allowance.enter(0.0)
    allowance.leave()
    with pytest.raises(RateLimited):
        allowance.enter(0.0)
