"""A worker on the real skeleton, whose tasks do what the request's one message says.

Also as a process, `python -m tests.support.common_worker '{"port": 0}'`, which prints a line for
each thing that happens to it.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc

from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from services.common import worker as worker_module
from services.common.cancellation import Cancellation
from services.common.lane import Lane, Queued
from services.common.settings import WorkerSettings
from services.common.worker import Worker
from tests.support.common_jobs import soon

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "atelier.llm.v1.LlmService"
NEVER = threading.Event()


def say(text: str) -> None:
    """Tells the test what happens."""
    print(text, flush=True)


def worker_settings(**changes: Any) -> WorkerSettings:
    """The settings of such a worker, on free ports."""
    values: dict[str, Any] = {
        "name": "llm",
        "service": SERVICE,
        "port": 0,
        "metrics_port": 0,
        "model": "none",
        "shutdown_grace_seconds": 30.0,
    }
    return WorkerSettings(**(values | changes))


def ask(word: str) -> llm_pb2.ChatRequest:
    """A request that tells the servicer what to do."""
    return llm_pb2.ChatRequest(messages=[llm_pb2.ChatMessage(role="user", content=word)])


def count(cancellation: Cancellation) -> Iterator[str]:
    """Says three numbers."""
    yield from ("1", "2", "3")


def hold(cancellation: Cancellation) -> Iterator[str]:
    """Says "held", then works until it is cancelled."""
    say("task began")
    yield "held"
    try:
        while not NEVER.wait(0.002):
            cancellation.check()
    finally:
        say("task ended")


def finish(cancellation: Cancellation) -> Iterator[str]:
    """Says "held", then works until the process drains."""
    say("task began")
    yield "held"
    while not DRAINING.wait(0.002):
        cancellation.check()
    yield "finished"


def hang(cancellation: Cancellation) -> Iterator[str]:
    """Says "held", and hears nothing any more."""
    say("task began")
    yield "held"
    NEVER.wait()


DRAINING = threading.Event()
JOBS: dict[str, Callable[[Cancellation], Iterator[str]]] = {
    "count": count,
    "hold": hold,
    "finish": finish,
    "hang": hang,
}


class Servicer(llm_pb2_grpc.LlmServiceServicer):
    """Runs in the lane what a request asks for."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def Chat(self, request: llm_pb2.ChatRequest, context: Any) -> llm_pb2.ChatResponse:
        answers = self.StreamChat(request, context)
        texts = [item.text async for item in answers if item.HasField("text")]
        return llm_pb2.ChatResponse(message=llm_pb2.ChatMessage(content=" ".join(texts)))

    async def StreamChat(
        self, request: llm_pb2.ChatRequest, context: Any
    ) -> AsyncIterator[llm_pb2.StreamChatResponse]:
        job = JOBS[request.messages[0].content]
        async with aclosing(self._lane.run(job)) as messages:
            async for message in messages:
                if isinstance(message, Queued):
                    yield llm_pb2.StreamChatResponse(queued={"position": message.position})
                else:
                    yield llm_pb2.StreamChatResponse(text=message)

    async def DescribeModel(
        self, request: llm_pb2.DescribeModelRequest, context: Any
    ) -> llm_pb2.DescribeModelResponse:
        return llm_pb2.DescribeModelResponse(context_length=7)


def register(worker: Worker) -> Callable[[grpc.aio.Server], None]:
    """Adds the servicer to the worker's server."""
    return partial(llm_pb2_grpc.add_LlmServiceServicer_to_server, Servicer(worker.lane))


class WorkerProcess:
    """The worker as a process of its own."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self.errors = ""

    async def __aenter__(self) -> Self:
        paths = (str(ROOT), str(ROOT / "protos" / "gen"), os.environ.get("PYTHONPATH", ""))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.common_worker",
            json.dumps(self._settings),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stderr is not None
        self._reading = asyncio.create_task(self._process.stderr.read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def says(self, beginning: str) -> str:
        """Waits for a line that begins so; returns the rest of it."""
        assert self._process.stdout is not None
        while line := (await soon(self._process.stdout.readline())).decode():
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise AssertionError(
            f"the worker ended without '{beginning}': {await soon(self._reading)!r}"
        )

    async def serves(self) -> str:
        """Waits until it serves; returns its address."""
        return f"127.0.0.1:{await self.says('port ')}"

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Waits for its end; returns the exit status. `errors` is then what it has logged."""
        status = await soon(self._process.wait())
        self.errors = (await soon(self._reading)).decode()
        return status


class TalkingWorker(Worker):
    """Prints its port, and when it begins to drain."""

    async def start(self, *arguments: Any, **options: Any) -> int:
        port = await super().start(*arguments, **options)
        say(f"port {port}")
        return port

    async def stop(self, grace_seconds: float) -> None:
        say("draining")
        DRAINING.set()
        await super().stop(grace_seconds)


async def _close() -> None:
    say("closed")


def _preload(kind: str) -> None:
    say("preloading")
    if kind == "fails":
        raise OSError("no such model")
    if kind == "hangs":
        NEVER.wait()


def main() -> None:
    """Serves as the settings of the first argument say."""
    values = json.loads(sys.argv[1])
    kind = values.pop("preloading", "")
    worker_module.LAST_SECONDS = values.pop("last_seconds", worker_module.LAST_SECONDS)
    worker = TalkingWorker(worker_settings(**values, preload=bool(kind)), stages=("work",))
    worker.serve(register(worker), preload=partial(_preload, kind), close=_close)
    say("returned")


if __name__ == "__main__":
    main()
