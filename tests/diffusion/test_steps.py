"""The steps of a pipeline call: each is a span, of many only some, and where they belong."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.common import tracing
from services.common.cancellation import Cancellation, JobCancelled
from services.diffusion.steps import MOST_SPANS, Steps
from tests.support.collector import Collector, collecting, tracing_to


class CountingPipeline:
    """Calls back after each step, as diffusers' pipelines do, and is idle otherwise."""

    scheduler = None

    def __init__(self, steps: int) -> None:
        self.num_timesteps = steps

    def __call__(self, callback_on_step_end: Any) -> None:
        for step in range(self.num_timesteps):
            callback_on_step_end(self, step, 0, {})

    def maybe_free_model_hooks(self) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running, tracing_to(running), tracing.active.span("task"):
        yield running


@contextmanager
def watched(steps: Steps, pipeline: CountingPipeline) -> Iterator[None]:
    with steps.watching(pipeline, ("callback_on_step_end",)) as hooks:
        pipeline(**hooks)
        yield


def steps_of(collector: Collector) -> list[int]:
    return [span.attributes["atelier.step"] for span in collector.named("step")]


def test_each_step_is_a_part_of_its_pictures_denoising(collector: Collector) -> None:
    pipeline = CountingPipeline(4)
    steps = Steps(lambda _: None, Cancellation(), expected=4, parts=2)
    for _ in range(2):
        with watched(steps, pipeline):
            pass
    collector.until(lambda: len(collector.named("decode")) == 2)
    assert steps_of(collector) == list(range(1, 9))
    first, second = collector.named("denoise")
    assert [span.attributes["atelier.part"] for span in (first, second)] == [1, 2]
    for number, span in enumerate(collector.named("step")):
        assert collector.parent_of(span) is (first if number < 4 else second)
        assert span.attributes["atelier.steps"] == 8
        assert first.began <= span.began <= span.ended <= second.ended
    assert {span.parent_id for span in collector.named("decode")} == {first.parent_id}


def test_of_very_many_steps_only_some_are_traced(collector: Collector) -> None:
    total = 3 * MOST_SPANS + 1
    with watched(Steps(lambda _: None, Cancellation(), expected=total), CountingPipeline(total)):
        pass
    collector.until(lambda: collector.named("decode"))
    every = math.ceil(total / MOST_SPANS)
    assert steps_of(collector) == list(range(every, total + 1, every))
    assert len(collector.named("step")) <= MOST_SPANS


def test_what_is_broken_off_has_the_steps_that_were_done(collector: Collector) -> None:
    cancellation = Cancellation()

    def report(event: Any) -> None:
        if event.step == 2:
            cancellation.cancel()

    steps = Steps(report, cancellation, expected=4)
    with pytest.raises(JobCancelled), watched(steps, CountingPipeline(4)):
        pass
    collector.until(lambda: collector.named("denoise"))
    assert steps_of(collector) == [1, 2]
    assert collector.named("decode") == []


def test_without_a_tracer_steps_are_only_reported() -> None:
    seen: list[int] = []
    steps = Steps(lambda event: seen.append(event.step), Cancellation(), expected=3)
    with watched(steps, CountingPipeline(3)):
        pass
    assert seen == [1, 2, 3]
