"""What happens at one capability, told to the health map: looks, losses, and how tasks end.

The only writer of the map. Never runs a task to find out whether it works.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.common import tls
from services.gateway.connection import Connection
from services.gateway.health_map import HealthMap
from services.gateway.record import (
    Record,
    State,
    TaskEnded,
    TaskStarted,
    WorkerBack,
    WorkerLost,
    WorkerOffline,
    WorkerOnline,
)
from services.gateway.verdict import Judgement, Outcome, Verdict, judge, settle

_TASK_STARTED = TaskStarted()


class Start(NamedTuple):
    """When a task began, in terms of its worker's life and of time.monotonic()."""

    generation: int
    epoch: int
    seconds: float


def _unmeasured(_verdict: Verdict, _seconds: float) -> None:
    pass


class Monitor:
    """Watches one capability's worker and judges its tasks."""

    def __init__(
        self,
        name: str,
        service: str,
        target: str,
        health: HealthMap,
        *,
        options: Sequence[tuple[str, int]],
        probe_timeout_seconds: float,
        identity: tls.LiveIdentity | None = None,
        measure: Callable[[Verdict, float], None] = _unmeasured,
    ) -> None:
        """`measure` hears of each task's end: its verdict, and how many seconds it took."""
        self.name = name
        self.service = service
        self.target = target
        self.probes: Counter[str] = Counter(online=0, offline=0)
        """How often the worker was asked whether it is online, by the answer."""
        self._health = health
        self._measure = measure
        self._probe_timeout_seconds = probe_timeout_seconds
        self._probe: asyncio.Task[bool] | None = None
        self._judging: set[asyncio.Task[None]] = set()
        self.connection = Connection(
            target,
            service,
            options,
            on_lost=self._on_lost,
            on_ready=self._on_ready,
            identity=identity,
        )

    def open(self) -> None:
        """Begins to watch; sends nothing."""
        self.connection.open()

    async def close(self) -> None:
        """Ends the connection, and what is still being judged."""
        await self.connection.close()
        for task in [*self._judging, *([self._probe] if self._probe else [])]:
            task.cancel()

    @property
    def record(self) -> Record:
        """What the map says now."""
        return self._health[self.name]

    async def look(self) -> None:
        """Lets an unknown or unavailable capability be looked at, as a status request does.

        Those who ask at the same time share one health check.
        """
        if self.record.state in (State.UNKNOWN, State.UNAVAILABLE):
            await self._is_online()

    def task_started(self) -> Start:
        """A task is sent; if nobody has asked before, the worker is looked at meanwhile."""
        record = self._health.apply(self.name, _TASK_STARTED)
        if record.state is State.UNKNOWN:
            self._start_probe()
        return Start(record.generation, self.connection.epoch, time.monotonic())

    def task_ended(self, start: Start, outcome: Outcome) -> None:
        """A task ended; an undecided end is settled by one health check, which nobody awaits."""
        judgement = judge(outcome)
        seconds = time.monotonic() - start.seconds
        if judgement is Judgement.UNDECIDED:
            task = asyncio.create_task(self._settle(start, outcome, seconds))
            self._judging.add(task)
            task.add_done_callback(self._judging.discard)
            return
        self._tell(start.generation, outcome, settle(judgement, online=True), seconds)

    def doubt(self) -> None:
        """A call met no answer, without that being a verdict: one health check tells why.

        So for a call that is no task and could not reach the worker, and for a caller whose
        deadline passed after it had waited in vain: a frozen worker must not stay green because
        its callers are impatient.
        """
        self._start_probe()

    async def _settle(self, start: Start, outcome: Outcome, seconds: float) -> None:
        online = await self._is_online()
        # Without a reason the worker has not spoken. If it came or went meanwhile, the call met
        # nobody, and that says nothing about who is there now.
        nobody_met = online and not outcome.reason and self.connection.epoch != start.epoch
        if nobody_met:
            self._tell(None, outcome, Verdict.OFFLINE, seconds)
            return
        self._tell(start.generation, outcome, settle(Judgement.UNDECIDED, online=online), seconds)

    def _tell(
        self, generation: int | None, outcome: Outcome, verdict: Verdict, seconds: float
    ) -> None:
        self._measure(verdict, seconds)
        self._health.apply(
            self.name,
            TaskEnded(verdict, generation, outcome.code.name, outcome.reason, outcome.message),
        )

    async def _is_online(self) -> bool:
        # Shielded: one of those who share the check may leave, the others still wait for it.
        return await asyncio.shield(self._start_probe())

    def _start_probe(self) -> asyncio.Task[bool]:
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._check())
        return self._probe

    async def _check(self) -> bool:
        generation = self.record.generation
        why_not = await self.connection.check(
            self._probe_timeout_seconds, lambda: self._found_online(generation)
        )
        self.probes["offline" if why_not else "online"] += 1
        if why_not:
            self._health.apply(self.name, WorkerOffline(why_not))
        else:
            self._found_online(generation)
        return not why_not

    def _found_online(self, generation: int) -> None:
        # An answer from before a loss does not speak for the time after it.
        if generation == self.record.generation:
            self._health.apply(self.name, WorkerOnline())

    def _on_lost(self) -> None:
        self._health.apply(self.name, WorkerLost(f"the connection to {self.target} broke"))

    def _on_ready(self) -> None:
        self._health.apply(self.name, WorkerBack())
