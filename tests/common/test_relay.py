import threading
from collections.abc import Callable

import pytest

from services.common import call_id
from services.common.cancellation import JobCancelled
from services.common.relay import relay


def count_to(last: int) -> Callable[[Callable[[int], None]], None]:
    def work(report: Callable[[int], None]) -> None:
        for number in range(last):
            report(number)

    return work


def test_reports_come_in_order() -> None:
    assert list(relay(count_to(50))) == list(range(50))


def test_what_the_work_raises_comes_after_its_reports() -> None:
    def work(report: Callable[[int], None]) -> None:
        report(1)
        raise ValueError("broken")

    numbers = relay(work)
    assert next(numbers) == 1
    with pytest.raises(ValueError, match="broken"):
        next(numbers)


def test_a_slow_reader_slows_the_work() -> None:
    reported = []

    def work(report: Callable[[int], None]) -> None:
        for number in range(100):
            report(number)
            reported.append(number)

    numbers = relay(work)
    next(numbers)
    assert len(reported) < 10
    assert len([1, *numbers]) == 100


def test_closing_ends_the_work_at_its_next_report() -> None:
    ended = threading.Event()

    def work(report: Callable[[int], None]) -> None:
        try:
            while True:
                report(0)
        except JobCancelled:
            ended.set()
            raise

    numbers = relay(work)
    next(numbers)
    numbers.close()
    assert ended.is_set()


def test_the_work_knows_the_call_that_it_is_for() -> None:
    def work(report: Callable[[str], None]) -> None:
        report(call_id.current.get())

    token = call_id.current.set("call-7")
    try:
        ids = list(relay(work))
    finally:
        call_id.current.reset(token)
    assert ids == ["call-7"]
