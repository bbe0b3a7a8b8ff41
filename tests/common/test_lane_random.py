"""Whatever callers do and in whatever order, the lane keeps its promises."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.cancellation import Cancellation
from services.common.errors import QueueFull
from tests.support.common_jobs import Reader, WatchedLane, soon

QUEUE_SIZE = 3


@dataclass(frozen=True)
class Arrive:
    """A caller comes with a job that makes `items` and then ends well or badly."""

    items: int
    fails: bool
    begins_badly: bool


@dataclass(frozen=True)
class Leave:
    """A caller who has come goes away."""

    caller: int


@dataclass(frozen=True)
class Finish:
    """A job is let go to its end, now or when its turn comes."""

    caller: int


@dataclass(frozen=True)
class Pass:
    """The event loop takes some steps."""

    steps: int


callers = st.integers(0, 9)
steps = st.one_of(
    st.builds(Arrive, st.integers(0, 9), st.booleans(), st.booleans()),
    st.builds(Leave, callers),
    st.builds(Finish, callers),
    st.builds(Pass, st.integers(1, 6)),
)


@dataclass
class Observed:
    """What the jobs see of each other."""

    started: list[int] = field(default_factory=list)
    running: int = 0
    most_running: int = 0


class Job:
    def __init__(self, number: int, kind: Arrive, observed: Observed) -> None:
        self.may_finish = threading.Event()
        self.number = number
        self.kind = kind
        self._observed = observed

    def __call__(self, cancellation: Cancellation) -> Iterator[str]:
        self._observed.started.append(self.number)
        if self.kind.begins_badly:
            raise OSError("no device")
        return self._work(cancellation)

    def _work(self, cancellation: Cancellation) -> Iterator[str]:
        self._observed.running += 1
        self._observed.most_running = max(self._observed.most_running, self._observed.running)
        try:
            for item in range(self.kind.items):
                cancellation.check()
                yield str(item)
            while not self.may_finish.wait(0.001):
                cancellation.check()
            if self.kind.fails:
                raise ValueError("broken")
        finally:
            self._observed.running -= 1


async def play(script: list[Arrive | Leave | Finish | Pass]) -> None:
    lane, observed = WatchedLane(queue_size=QUEUE_SIZE), Observed()
    jobs: list[Job] = []
    readers: list[Reader] = []
    for step in script:
        match step:
            case Arrive():
                jobs.append(Job(len(jobs), step, observed))
                readers.append(Reader(lane, jobs[-1]))
            case Leave(caller) if caller < len(readers):
                readers[caller].task.cancel()
            case Finish(caller) if caller < len(jobs):
                jobs[caller].may_finish.set()
            case Pass(count):
                for _ in range(count):
                    await asyncio.sleep(0)
        assert lane.queued <= QUEUE_SIZE
        assert lane.figure("queue_depth") == lane.queued
    for job in jobs:
        job.may_finish.set()
    results = await soon(
        asyncio.gather(*(reader.task for reader in readers), return_exceptions=True)
    )
    await lane.idle()

    assert observed.most_running <= 1
    assert observed.started == sorted(observed.started), "not in the order of arrival"
    assert lane.figure("queue_depth") == lane.figure("tasks_running") == 0
    for reader, job, result in zip(readers, jobs, results, strict=True):
        check_ending(reader, job, result, started=job.number in observed.started)
    assert await soon(what_still_works(lane)) == ["still", "works"]
    await soon(lane.close())


def check_ending(reader: Reader, job: Job, result: object, *, started: bool) -> None:
    if result is None:
        assert started
        assert reader.items == [str(item) for item in range(job.kind.items)]
    else:
        assert isinstance(result, (ValueError, OSError, QueueFull, asyncio.CancelledError))
        assert not (started and isinstance(result, QueueFull))


async def what_still_works(lane: WatchedLane) -> list[object]:
    return [item async for item in lane.run(lambda cancellation: iter(["still", "works"]))]


@given(st.lists(steps, max_size=30))
@settings(max_examples=150, deadline=None)
def test_one_at_a_time_in_order_and_never_stuck(
    script: list[Arrive | Leave | Finish | Pass],
) -> None:
    asyncio.run(play(script))
