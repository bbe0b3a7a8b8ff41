"""An llm worker over real gRPC on a port of its own, and a client of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from services.common.worker import Worker
from services.llm.metrics import STAGES, LlmMetrics
from services.llm.servicer import Engine, LlmServicer
from services.llm.settings import LlmSettings


def settings(**keys: object) -> LlmSettings:
    values = {
        "name": "llm",
        "service": "atelier.llm.v1.LlmService",
        "port": 0,
        "metrics_port": 0,
        "model": "parrot",
        "device": "cpu",
        **keys,
    }
    return LlmSettings(**values)  # type: ignore[arg-type]


def request(text: str = "Hello", **fields: object) -> llm_pb2.ChatRequest:
    message = llm_pb2.ChatMessage(role="user", content=text)
    return llm_pb2.ChatRequest(messages=[message], **fields)  # type: ignore[arg-type]


@dataclass
class Heard:
    """What a stream said."""

    kinds: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    text: str = ""
    finished: llm_pb2.ChatFinished = field(default_factory=llm_pb2.ChatFinished)

    def hear(self, event: llm_pb2.StreamChatResponse) -> None:
        kind = event.WhichOneof("event")
        if not self.kinds or kind != self.kinds[-1]:
            self.kinds.append(str(kind))
        if kind == "queued":
            self.places.append(event.queued.position)
        if kind == "finished":
            self.finished = event.finished
        self.text += event.text


class Talk:
    """A stream that is read in a task of its own."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.heard = Heard()
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> Heard:
        async for event in self.call:
            self.heard.hear(event)
            self._news.set()
        return self.heard

    async def until(self, kind: str) -> "Talk":
        """Returns when an event of this kind has come."""
        while kind not in self.heard.kinds:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 60)
        return self

    async def end(self) -> Heard:
        """What the whole stream said; raises what it ended with."""
        return await asyncio.wait_for(asyncio.shield(self.task), 60)

    async def leave(self) -> None:
        """Cancels the call."""
        self.call.cancel()
        await asyncio.wait([self.task], timeout=60)


class Llm:
    """A worker and its client."""

    port = 0

    def __init__(self, worker: Worker, servicer: LlmServicer, channel: grpc.aio.Channel) -> None:
        self.worker = worker
        self.servicer = servicer
        self.stub: Any = llm_pb2_grpc.LlmServiceStub(channel)

    def talk(self, text: str = "Hello", **fields: object) -> Talk:
        return Talk(self.stub.StreamChat(request(text, **fields)))

    async def hear(self, text: str = "Hello", **fields: object) -> Heard:
        return await self.talk(text, **fields).end()

    async def ask(self, text: str = "Hello", **fields: object) -> llm_pb2.ChatResponse:
        answer: llm_pb2.ChatResponse = await self.stub.Chat(request(text, **fields), timeout=60)
        return answer

    def figure(self, name: str, **labels: str) -> float:
        value = self.worker.registry.get_sample_value(f"atelier_{name}", labels)
        assert value is not None, name
        return value

    @property
    def running(self) -> float:
        return self.figure("worker_tasks_running")


@asynccontextmanager
async def serving(
    engine: Engine, *, close: Callable[[], Awaitable[None]] | None = None, **keys: object
) -> AsyncIterator[Llm]:
    made = settings(**keys)
    worker = Worker(made, stages=STAGES)
    servicer = LlmServicer(engine, worker.metrics, LlmMetrics(worker.registry), made)
    port = await worker.start(
        partial(llm_pb2_grpc.add_LlmServiceServicer_to_server, servicer), close=close
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = Llm(worker, servicer, channel)
            client.port = port
            yield client
    finally:
        await worker.stop(0)
