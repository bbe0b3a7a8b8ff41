"""Kills a store with SIGKILL at every single step of its work on disk, each in a folder of its own.

python -m tests.support.kept_jobs_crash FOLDER

Steps are: each flush, each rename, each removal and each commit, before it and after it. What the
store had answered before it was killed stands in FOLDER/<step>/answered. Prints how many steps
there are.
"""

import asyncio
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

# Imported before the forks, so that each of them starts at once.
from services.gateway.jobs import thumbnails  # noqa: F401
from tests.support.kept_jobs import new_job, open_store, run_job


class _Death:
    """Comes at the step of this number."""

    def __init__(self, step: int) -> None:
        self._left = step

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def at(self, owner: Any, name: str) -> None:
        """Counts each call of a function as two steps: before, and after."""
        act: Callable[..., Any] = getattr(owner, name)

        @wraps(act)
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._step()
            result = act(*args, **kwargs)
            self._step()
            return result

        setattr(owner, name, counted)


async def _work(folder: Path, death: _Death) -> None:
    answered = os.open(folder / "answered", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def answer(text: str) -> None:
        os.write(answered, f"{text}\n".encode())

    store = await open_store(folder / "jobs", keep_count=1)
    for owner, name in (
        (os, "fsync"),
        (os, "rename"),
        (shutil, "rmtree"),
        (DefaultDialect, "do_commit"),
    ):
        death.at(owner, name)
    for number in range(2):
        record, _ = await store.add(new_job(picture=b"picture %d" % number))
        answer(f"accepted {record.id}")
        # The second one's end evicts the first.
        await run_job(store, record, b"result %d" % number, b"another")
        answer(f"ended {record.id}")
    record, _ = await store.add(new_job(picture=b"waits"))
    answer(f"accepted {record.id}")
    await store.close()


def _dies_at(folder: Path, step: int) -> bool:
    """Whether the work was killed at this step; False if it had ended before."""
    folder.mkdir()
    pid = os.fork()
    if pid == 0:
        asyncio.run(_work(folder, _Death(step)))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    if status:
        raise RuntimeError(f"the work failed at step {step}")
    return False


def main(folder: Path) -> None:
    """Kills at one step after the other, until the work lives to its end."""
    for step in itertools.count(1):
        if not _dies_at(folder / str(step), step):
            print(step - 1)
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
