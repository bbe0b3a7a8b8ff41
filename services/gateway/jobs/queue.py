"""The order in which the waiting jobs of one capability are served: fair between callers.

Knows ids and callers, nothing of jobs, workers or time.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator


class FairQueue:
    """Callers take turns, one job each; a caller's own jobs keep their order.

    Whoever has many jobs waiting cannot keep out one who has a single one.
    """

    def __init__(self) -> None:
        self._turns: OrderedDict[str, deque[str]] = OrderedDict()
        self._callers: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._callers)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._callers

    def put(self, job_id: str, caller: str) -> None:
        """Adds a job behind the others of its caller. The job must not be in the queue."""
        self._turns.setdefault(caller, deque()).append(job_id)
        self._callers[job_id] = caller

    def put_back(self, job_id: str, caller: str) -> None:
        """Adds a job that had its turn in vain: before all others, with its caller's turn."""
        self._turns.setdefault(caller, deque()).appendleft(job_id)
        self._turns.move_to_end(caller, last=False)
        self._callers[job_id] = caller

    def pop(self) -> str:
        """Takes the next job out; its caller goes behind the others. Raises IndexError if empty."""
        if not self._turns:
            raise IndexError("the queue is empty")
        caller, jobs = next(iter(self._turns.items()))
        job_id = jobs.popleft()
        del self._callers[job_id]
        if jobs:
            self._turns.move_to_end(caller)
        else:
            del self._turns[caller]
        return job_id

    def remove(self, job_id: str) -> bool:
        """Takes a job out wherever it stands; False if it is not in the queue."""
        caller = self._callers.pop(job_id, None)
        if caller is None:
            return False
        jobs = self._turns[caller]
        jobs.remove(job_id)
        if not jobs:
            del self._turns[caller]
        return True

    def order(self) -> Iterator[str]:
        """The ids in the order in which they will be served."""
        rounds = [iter(jobs) for jobs in self._turns.values()]
        while rounds:
            going_on = []
            for jobs in rounds:
                job_id = next(jobs, None)
                if job_id is not None:
                    yield job_id
                    going_on.append(jobs)
            rounds = going_on
