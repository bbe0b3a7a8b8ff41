"""Gateway and worker are killed at random under jobs; each job comes to its one right end.

The moments are drawn, and the seed stands in the report of a test that fails: the same seed draws
the same moments, though processes never meet them in quite the same way.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.support.kept_jobs_callers import Callers
from tests.support.kept_jobs_stack import GATEWAY, WORKER, KillableStack, killable_stack
from tests.support.kept_jobs_verdict import Verdict, count_ends, judge

_VICTIMS = ((GATEWAY,), (GATEWAY,), (WORKER,), (GATEWAY, WORKER))


async def _kill(stack: KillableStack, chance: random.Random, kills: int) -> Counter[str]:
    """Kills and starts again, so many times."""
    killed: Counter[str] = Counter()
    for _ in range(kills):
        # Two of three meet a gateway that serves; one meets it wherever it is, also in its start.
        if chance.random() < 2 / 3:
            await stack.serving()
        await asyncio.sleep(chance.uniform(0, 0.4))
        victims = chance.choice(_VICTIMS)
        stack.kill(*victims)
        killed[" and ".join(victims)] += 1
        await asyncio.sleep(chance.choice((0, 0, chance.uniform(0, 0.2))))
        stack.start(*victims)
    return killed


async def _survive(folder: Path, kills: int, patience_seconds: float) -> tuple[Verdict, str]:
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    with killable_stack(folder) as stack:
        stack.start(GATEWAY, WORKER)
        await stack.serving()
        count_ends(stack)
        callers = Callers(stack, chance)
        callers.begin(callers=3, jobs_at_once=5)
        killed = await _kill(stack, chance, kills)
        await callers.finish(patience_seconds)
        stack.end(GATEWAY)
        stack.end(WORKER)
        verdict = judge(stack, callers)
        assert "Traceback" not in stack.log(GATEWAY), stack.log(GATEWAY)[-5000:]
    report = (
        f"seed {seed}; killed: {dict(killed)}; jobs: {dict(verdict.states)}, of them begun more "
        f"than once: {verdict.interrupted}; runs at the worker: {verdict.runs}; files: "
        f"{verdict.files} of {verdict.bytes} bytes; calls that broke: {callers.broken_calls}"
    )
    return verdict, report


async def test_each_job_ends_once_and_right_under_random_kills(tmp_path: Path) -> None:
    verdict, report = await _survive(tmp_path, kills=20, patience_seconds=120)
    assert verdict.faults == [], report
    assert verdict.states["succeeded"] > 0, report


async def test_a_worker_that_freezes_under_a_job_costs_it_no_more_than_an_attempt(
    tmp_path: Path,
) -> None:
    with killable_stack(tmp_path) as stack:
        stack.start(GATEWAY, WORKER)
        await stack.serving()
        count_ends(stack)
        callers = Callers(stack, random.Random(1))
        callers.begin(callers=2, jobs_at_once=2)
        for _ in range(3):
            await callers.some_have_ended(3)
            stack.freeze(WORKER)
            await callers.one_waits_again()
            stack.thaw(WORKER)
        await callers.finish(patience_seconds=120)
        stack.end(GATEWAY)
        stack.end(WORKER)
        verdict = judge(stack, callers)
    assert verdict.faults == []
    assert verdict.interrupted >= 3


@pytest.mark.heavy
async def test_each_job_ends_once_and_right_under_five_hundred_random_kills(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict, report = await _survive(tmp_path, kills=500, patience_seconds=600)
    with capsys.disabled():
        print(f"\n{report}")
    assert verdict.faults == [], report
    assert verdict.interrupted > 50, report
