"""Callers take turns, and what the queue says of its order is the order in which it serves."""

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.gateway.jobs.queue import FairQueue


def queue_of(*jobs: str) -> FairQueue:
    """Jobs named by their caller and a number: "a1" is the caller a's."""
    queue = FairQueue()
    for job in jobs:
        queue.put(job, job[0])
    return queue


def served(queue: FairQueue) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


def test_one_callers_jobs_keep_their_order() -> None:
    assert served(queue_of("a1", "a2", "a3")) == ["a1", "a2", "a3"]


def test_a_single_job_is_not_kept_out_by_a_hundred_of_another() -> None:
    queue = queue_of(*(f"a{number}" for number in range(100)), "b1")
    assert served(queue)[:3] == ["a0", "b1", "a1"]


def test_callers_take_turns_whatever_the_order_of_arrival() -> None:
    assert served(queue_of("a1", "a2", "a3", "b1", "b2", "c1")) == [
        "a1", "b1", "c1", "a2", "b2", "a3",
    ]  # fmt: skip


def test_one_whose_turn_was_in_vain_comes_first_again() -> None:
    queue = queue_of("a1", "a2", "b1")
    assert queue.pop() == "a1"
    queue.put_back("a1", "a")
    assert served(queue) == ["a1", "b1", "a2"]


def test_a_job_that_is_taken_out_leaves_the_others_in_order() -> None:
    queue = queue_of("a1", "a2", "b1")
    assert queue.remove("a1")
    assert not queue.remove("a1")
    assert served(queue) == ["a2", "b1"]


def test_an_empty_queue_has_nobody_to_serve() -> None:
    with pytest.raises(IndexError):
        FairQueue().pop()


class AnyHistory(RuleBasedStateMachine):
    """Whatever comes and goes: none is lost or served twice, and order() tells the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = FairQueue()
        self.waiting: dict[str, str] = {}
        self.number = 0
        self.had_turn: list[tuple[str, str]] = []

    @rule(caller=st.sampled_from("abc"))
    def comes(self, caller: str) -> None:
        self.number += 1
        job = f"{caller}{self.number}"
        self.queue.put(job, caller)
        self.waiting[job] = caller

    @precondition(lambda self: self.waiting)
    @rule()
    def is_served(self) -> None:
        first = next(self.queue.order())
        job = self.queue.pop()
        assert job == first
        self.had_turn.append((job, self.waiting.pop(job)))

    @precondition(lambda self: self.had_turn)
    @rule()
    def comes_back(self) -> None:
        job, caller = self.had_turn.pop()
        self.queue.put_back(job, caller)
        self.waiting[job] = caller
        assert next(self.queue.order()) == job

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leaves(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.waiting)))
        assert self.queue.remove(job)
        del self.waiting[job]

    @invariant()
    def all_wait_once_and_none_waits_two_turns_of_another(self) -> None:
        order = list(self.queue.order())
        assert sorted(order) == sorted(self.waiting)
        assert len(self.queue) == len(order)
        rounds: Counter[str] = Counter()
        for place, job in enumerate(order):
            caller = self.waiting[job]
            rounds[caller] += 1
            behind = {self.waiting[later] for later in order[place:]}
            assert all(rounds[other] >= rounds[caller] - 1 for other in behind)


TestAnyHistory = AnyHistory.TestCase
