"""A gateway core for the bridge's tests: answers as it is told, remembers what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.gateway.bridge.backend import CallFailed, Metadata


@dataclass(frozen=True)
class Call:
    """A call as the core saw it."""

    method: str
    request: bytes
    metadata: Metadata
    timeout_seconds: float | None


Unary = Callable[[Call], Awaitable[bytes]]
Stream = Callable[[Call], AsyncGenerator[bytes]]


@dataclass
class FakeBackend:
    """Answers by method path; by default every unary call answers with its own request."""

    unaries: dict[str, Unary] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    capabilities: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def unary(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> bytes:
        call = self._remember(method, request, metadata, timeout_seconds)
        try:
            return await self.unaries.get(method, echo)(call)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def stream(
        self, method: str, request: bytes, *, metadata: Metadata, timeout_seconds: float | None
    ) -> AsyncGenerator[bytes]:
        call = self._remember(method, request, metadata, timeout_seconds)
        ended = False
        try:
            async for message in self.streams[method](call):
                yield message
            ended = True
        except CallFailed:
            ended = True
            raise
        finally:
            if not ended:
                self.cancelled.set()

    def capability_of(self, service: str) -> str | None:
        return self.capabilities.get(service)

    def _remember(
        self, method: str, request: bytes, metadata: Metadata, timeout_seconds: float | None
    ) -> Call:
        call = Call(method, request, metadata, timeout_seconds)
        self.calls.append(call)
        self.called.set()
        return call


async def echo(call: Call) -> bytes:
    """Answer with the request."""
    return call.request


async def never(_call: Call) -> bytes:
    """Answer never."""
    await asyncio.Event().wait()
    raise AssertionError


def answering(response: bytes) -> Unary:
    """Answer always the same."""

    async def answer(_call: Call) -> bytes:
        return response

    return answer


def failing(error: Exception) -> Unary:
    """Raise the error."""

    async def fail(_call: Call) -> bytes:
        raise error

    return fail


def streaming(messages: Sequence[bytes], then: Exception | None = None) -> Stream:
    """Send the messages, and then end or raise the error."""

    async def stream(_call: Call) -> AsyncGenerator[bytes]:
        for message in messages:
            yield message
        if then is not None:
            raise then

    return stream


@dataclass
class Endless:
    """A stream of equal messages without an end, which counts how many were taken."""

    message: bytes
    taken: int = 0

    async def __call__(self, _call: Call) -> AsyncGenerator[bytes]:
        while True:
            self.taken += 1
            yield self.message
            await asyncio.sleep(0)


@dataclass
class Slow:
    """A stream whose messages come when the test lets them."""

    queue: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def __call__(self, _call: Call) -> AsyncGenerator[bytes]:
        while (message := await self.queue.get()) is not None:
            yield message
