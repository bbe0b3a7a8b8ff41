"""Any history of jobs at all, with crashes in between: the store and a plain model agree."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from services.gateway.jobs.record import (
    CANCELLED,
    ENDED,
    FAILED,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    IdempotencyKeyReused,
    NotEnded,
)
from services.gateway.jobs.store import JobStore
from tests.support.kept_jobs import drawn, new_job, open_store

MAX_ATTEMPTS = 2


@dataclass(frozen=True)
class Modelled:
    """A job as it should be."""

    prompt: str
    key: str
    state: str = QUEUED
    attempts: int = 0
    cancelling: bool = False
    results: int = 0


class AnyHistory(RuleBasedStateMachine):
    """Each rule does to the model at once what it asks of the store."""

    jobs: Bundle[str] = Bundle("jobs")

    @initialize()
    def opens(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="atelier-jobs-"))
        self.gone: list[str] = []
        self.model: dict[str, Modelled] = {}
        self.store = self.run(self._open())

    def run(self, act: Any) -> Any:
        return self.runner.run(act)

    async def _open(self) -> JobStore:
        return await open_store(self.folder / "jobs", self.gone)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    @rule(target=jobs, prompt=st.sampled_from("ab"), key=st.sampled_from(["", "k", "l"]))
    def is_submitted(self, prompt: str, key: str) -> str:
        same = [job_id for job_id, job in self.model.items() if key and job.key == key]
        new = new_job(prompt, picture=b"p", idempotency_key=key, max_attempts=MAX_ATTEMPTS)
        try:
            record, is_new = self.run(self.store.add(new))
        except IdempotencyKeyReused:
            assert self.model[same[0]].prompt != prompt
            return same[0]
        assert is_new == (not same)
        if same:
            assert (record.id, self.model[record.id].prompt) == (same[0], prompt)
        else:
            self.model[record.id] = Modelled(prompt, key)
        return str(record.id)

    @rule(job=jobs)
    def is_begun(self, job: str) -> None:
        known = self.model.get(job)
        record = self.run(self.store.mark_running(job))
        assert (record is not None) == (known is not None and known.state == QUEUED)
        if known is not None and record is not None:
            self.model[job] = replace(known, state=RUNNING, attempts=known.attempts + 1)

    @rule(job=jobs, uncount=st.booleans())
    def is_put_back(self, job: str, uncount: bool) -> None:
        known = self.model.get(job)
        record = self.run(self.store.requeue(job, uncount_attempt=uncount))
        assert (record is not None) == (known is not None and known.state == RUNNING)
        if known is not None and record is not None:
            self.model[job] = replace(known, state=QUEUED, attempts=known.attempts - uncount)

    @rule(job=jobs)
    def is_told_to_stop(self, job: str) -> None:
        known = self.model.get(job)
        record = self.run(self.store.set_cancelling(job))
        assert (record is not None) == (known is not None and known.state not in ENDED)
        if known is not None and record is not None:
            self.model[job] = replace(known, cancelling=True)

    @rule(job=jobs, state=st.sampled_from([FAILED, CANCELLED]))
    def ends_badly(self, job: str, state: str) -> None:
        known = self.model.get(job)
        record = self.run(self.store.end(job, state))
        if known is None or known.state in ENDED:
            # To end again in the same way is to ask whether it did.
            assert (record is not None) == (known is not None and known.state == state)
            return
        assert record is not None
        self.model[job] = replace(known, state=state)

    @rule(job=jobs, results=st.integers(0, 2))
    def ends_well(self, job: str, results: int) -> None:
        known = self.model.get(job)
        if known is None or known.state != RUNNING:
            return
        assert self.run(self._work(job, results))
        self.model[job] = replace(known, state=SUCCEEDED, results=results)

    async def _work(self, job: str, results: int) -> bool:
        attempt = self.store.attempt(await self.store.get(job))
        for index in range(results):
            await attempt.take(drawn(b"result %d" % index, index))
        await attempt.finish()
        return await self.store.end(job, SUCCEEDED, attempt=attempt) is not None

    @rule(job=jobs)
    def is_deleted(self, job: str) -> None:
        known = self.model.get(job)
        if known is None:
            return
        try:
            self.run(self.store.delete(job))
        except NotEnded:
            assert known.state not in ENDED
        else:
            assert self.model.pop(job).state in ENDED
            assert self.gone[-1] == job

    @rule()
    def the_gateway_is_lost(self) -> None:
        self.run(self.store.close())
        self.store = self.run(self._open())
        waiting = self.run(self.store.recover())
        for job, known in self.model.items():
            if known.state in ENDED:
                continue
            if known.cancelling:
                self.model[job] = replace(known, state=CANCELLED)
            elif known.state == RUNNING:
                out = known.attempts >= MAX_ATTEMPTS
                self.model[job] = replace(known, state=FAILED if out else QUEUED)
        expected = [job for job, known in self.model.items() if known.state == QUEUED]
        assert [record.id for record in waiting] == expected

    @invariant()
    def both_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        records = self.run(self.store.page(page_size=1000)).records
        assert [record.id for record in records] == list(reversed(self.model))
        sizes = 0
        for record in records:
            known = self.model[record.id]
            assert (record.state, record.attempts) == (known.state, known.attempts)
            assert (record.end_time is not None) == (known.state in ENDED)
            if known.state not in ENDED:
                assert record.cancelling == known.cancelling
            assert sum(file.name.startswith("results/") for file in record.files) == known.results
            assert all(file.path.stat().st_size == file.size_bytes for file in record.files)
            sizes += sum(file.size_bytes for file in record.files)
        assert self.store.stored_bytes == sizes
        there = {path for path in self.store.files.rglob("*") if path.is_file()}
        assert there == {file.path for record in records for file in record.files}


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
