"""The state machine: each arrow of the picture, and then any history at all."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from services.gateway.record import (
    Event,
    Record,
    State,
    TaskEnded,
    TaskStarted,
    WorkerBack,
    WorkerLost,
    WorkerOffline,
    WorkerOnline,
    advance,
)
from services.gateway.verdict import Verdict

ONLINE = WorkerOnline()
OFFLINE = WorkerOffline("gone")
LOST = WorkerLost("broke")
BACK = WorkerBack()


def ended(verdict: Verdict, generation: int | None = 0) -> TaskEnded:
    return TaskEnded(verdict, generation, code="X", reason="WHY", message="what happened")


SUCCESS = ended(Verdict.SUCCESS)
FAILURE = ended(Verdict.FAILURE)
NEUTRAL = ended(Verdict.NEUTRAL)
OFFLINE_TASK = ended(Verdict.OFFLINE)


def after(*events: Event) -> Record:
    """The record after the events, one a second."""
    record = Record(since=0)
    for now, event in enumerate(events, start=1):
        record = advance(record, event, now)
    return record


ARROWS = [
    ((), State.UNKNOWN),
    ((ONLINE,), State.AVAILABLE),
    ((OFFLINE,), State.UNAVAILABLE),
    ((SUCCESS,), State.AVAILABLE),
    ((FAILURE,), State.ERROR),
    ((ONLINE, FAILURE), State.ERROR),
    ((ONLINE, FAILURE, SUCCESS), State.AVAILABLE),
    ((ONLINE, OFFLINE), State.UNAVAILABLE),
    ((ONLINE, FAILURE, OFFLINE), State.UNAVAILABLE),
    ((ONLINE, LOST), State.UNAVAILABLE),
    ((ONLINE, LOST, BACK), State.UNKNOWN),
    ((ONLINE, FAILURE, LOST, BACK), State.UNKNOWN),
    ((ONLINE, FAILURE, LOST, BACK, ONLINE), State.AVAILABLE),
    ((OFFLINE, BACK), State.UNKNOWN),
    ((OFFLINE, ONLINE), State.AVAILABLE),
    ((OFFLINE, SUCCESS), State.AVAILABLE),
    ((ONLINE, OFFLINE_TASK), State.UNAVAILABLE),
    ((ONLINE, BACK), State.AVAILABLE),
    ((FAILURE, BACK), State.ERROR),
]


@pytest.mark.parametrize(("events", "state"), ARROWS, ids=str)
def test_follows_the_picture(events: tuple[Event, ...], state: State) -> None:
    assert after(*events).state is state


def test_a_look_never_turns_error_into_available() -> None:
    assert after(ONLINE, FAILURE, ONLINE).state is State.ERROR


def test_a_look_does_not_clear_an_error_by_way_of_unavailable() -> None:
    # The same worker was silent for a while: its error still stands.
    assert after(ONLINE, FAILURE, OFFLINE, ONLINE).state is State.ERROR


@pytest.mark.parametrize("before", [(), (ONLINE,), (FAILURE,), (OFFLINE,)], ids=str)
def test_a_neutral_end_leaves_the_state_as_it_is(before: tuple[Event, ...]) -> None:
    record = after(*before)
    later = advance(record, NEUTRAL, 9)
    assert (later.state, later.since) == (record.state, record.since)
    assert later.verdicts[Verdict.NEUTRAL] == record.verdicts[Verdict.NEUTRAL] + 1


@pytest.mark.parametrize("verdict", [Verdict.SUCCESS, Verdict.FAILURE])
def test_an_earlier_workers_outcome_is_no_news_about_the_new_one(verdict: Verdict) -> None:
    record = after(ONLINE, LOST, BACK, ONLINE)
    later = advance(record, ended(verdict, generation=0), 9)
    assert later.state is State.AVAILABLE
    assert later.last_success is None
    assert later.last_failure is None
    assert later.verdicts[verdict] == 1


def test_a_success_of_the_lost_worker_does_not_turn_its_light_green() -> None:
    assert after(ONLINE, LOST, SUCCESS).state is State.UNAVAILABLE


def test_a_task_that_lost_its_worker_is_evidence() -> None:
    record = after(ONLINE, TaskStarted(), LOST, OFFLINE_TASK)
    assert record.last_failure is not None
    assert record.last_failure.message == "what happened"
    assert record.consecutive_failures == 1


def test_a_task_that_met_nobody_says_nothing_about_who_is_there() -> None:
    record = after(OFFLINE, BACK, ONLINE, ended(Verdict.OFFLINE, generation=None))
    assert record.state is State.AVAILABLE
    assert record.last_failure is None


def test_keeps_the_last_failure_after_a_success() -> None:
    record = after(FAILURE, FAILURE, SUCCESS)
    assert record.last_failure is not None
    assert record.last_failure.time == 2
    assert record.consecutive_failures == 0
    assert record.last_success == 3


def test_says_since_when_and_why() -> None:
    record = after(ONLINE, ONLINE, OFFLINE, OFFLINE)
    assert record.since == 3
    assert record.unavailable_reason == "gone"
    assert after(OFFLINE, SUCCESS).unavailable_reason == ""


class Histories(RuleBasedStateMachine):
    """Any order of events, against what the design says of each."""

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.record = Record(since=0.0)
        self.running = 0
        self.ended = 0

    def happen(self, event: Event) -> tuple[Record, Record]:
        self.now += 1
        before, self.record = self.record, advance(self.record, event, self.now)
        return before, self.record

    @rule()
    def worker_found_online(self) -> None:
        before, record = self.happen(ONLINE)
        if before.state in (State.AVAILABLE, State.ERROR):
            assert record == before
        else:
            assert record.state in (State.AVAILABLE, State.ERROR)
        if before.state is State.UNKNOWN:
            assert record.state is State.AVAILABLE

    @rule()
    def worker_found_offline(self) -> None:
        _, record = self.happen(OFFLINE)
        assert record.state is State.UNAVAILABLE

    @rule()
    def worker_lost(self) -> None:
        before, record = self.happen(LOST)
        assert record.state is State.UNAVAILABLE
        assert record.generation == before.generation + 1

    @rule()
    def worker_back(self) -> None:
        before, record = self.happen(BACK)
        expected = State.UNKNOWN if before.state is State.UNAVAILABLE else before.state
        assert record.state is expected

    @rule(target=tasks)
    def task_starts(self) -> int:
        before, record = self.happen(TaskStarted())
        self.running += 1
        assert (record.state, record.since) == (before.state, before.since)
        return record.generation

    @rule(generation=consumes(tasks), verdict=st.sampled_from(Verdict))
    def task_ends(self, generation: int, verdict: Verdict) -> None:
        before, record = self.happen(ended(verdict, generation))
        self.running -= 1
        self.ended += 1
        current = generation == before.generation
        news = {
            Verdict.SUCCESS: State.AVAILABLE,
            Verdict.FAILURE: State.ERROR,
            Verdict.OFFLINE: State.UNAVAILABLE,
            Verdict.NEUTRAL: before.state,
        }
        assert record.state is (news[verdict] if current else before.state)
        assert record.verdicts[verdict] == before.verdicts[verdict] + 1

    @invariant()
    def counts_agree(self) -> None:
        assert self.record.calls_running == self.running
        assert sum(self.record.verdicts.values()) == self.ended

    @invariant()
    def evidence_fits_the_state(self) -> None:
        record = self.record
        assert record.since <= self.now
        assert bool(record.unavailable_reason) == (record.state is State.UNAVAILABLE)
        if record.state is State.ERROR:
            assert record.failed_here
            assert record.consecutive_failures > 0
            assert record.last_failure is not None
        if record.state is State.AVAILABLE:
            assert not record.failed_here
        if record.consecutive_failures:
            assert record.last_failure is not None


Histories.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
