"""Streams of a call as HTTP sends them: server-sent events, or plain bytes. Knows no route.

An event stream ends with `event: done`, or with `event: error` and the error's JSON; one that just
breaks off was cut. A call that fails before its first message never becomes a stream: the caller
gets a plain error answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from services.gateway.bridge.transcode import Answer, Event

DONE = "done"
ERROR = "error"
HEARTBEAT = b": still here\n\n"
EVENT_STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    # nginx holds answers back unless it is told not to.
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True)
class Pace:
    """How a stream treats its reader.

    `heartbeat_seconds`: a sign of life after so long a silence, against proxies that cut idle
    connections. `stalled_seconds`: a reader that takes nothing for so long is cut off, since it
    holds up the worker.
    """

    heartbeat_seconds: float = 15.0
    stalled_seconds: float = 300.0


def encode_event(name: str, data: str, number: int) -> bytes:
    """Write one event. `data` is JSON, which has no line breaks of its own."""
    line = f"event: {name}\n" if name else ""
    return f"id: {number}\n{line}data: {data}\n\n".encode()


async def send_events(
    request: web.Request,
    messages: AsyncGenerator[bytes],
    render: Callable[[bytes], Event],
    render_error: Callable[[Exception], str],
    pace: Pace,
) -> web.StreamResponse:
    """Send each message as an event, named after the case of its oneof.

    A case that is called like one of the final events goes without a name. What `messages` raises
    before its first message (or the first heartbeat, if that is due earlier) is raised.
    """
    reader = Reader(request, web.StreamResponse(headers=EVENT_STREAM_HEADERS), pace)
    number = 0
    try:
        async with aclosing(with_pauses(messages, pace.heartbeat_seconds)) as steps:
            async for message in steps:
                if message is None:
                    await reader.send(HEARTBEAT)
                    continue
                event = render(message)
                name = "" if event.name in (DONE, ERROR) else event.name
                await reader.send(encode_event(name, event.data, number))
                number += 1
        await reader.send(encode_event(DONE, "{}", number))
    except ReaderGone:
        reader.cut()
    except Exception as error:
        if not reader.response.prepared:
            raise
        await reader.send_last(encode_event(ERROR, render_error(error), number))
    return reader.response


async def send_bytes(
    request: web.Request,
    messages: AsyncGenerator[bytes],
    render: Callable[[bytes], Answer],
    pace: Pace,
) -> web.StreamResponse:
    """Send the bytes of all messages as one body, of the first message's content type.

    Bytes have no place for an error: a stream that fails after its first message is cut off,
    which the reader sees as an incomplete body.
    """
    reader = Reader(request, web.StreamResponse(), pace)
    try:
        async for message in messages:
            answer = render(message)
            if not reader.response.prepared:
                reader.response.headers["Content-Type"] = answer.content_type
            await reader.send(answer.data)
        await reader.send(b"")
    except ReaderGone:
        reader.cut()
    except Exception:
        if not reader.response.prepared:
            raise
        reader.cut()
    return reader.response


async def with_pauses(
    messages: AsyncGenerator[bytes], seconds: float
) -> AsyncGenerator[bytes | None]:
    """Yield the messages, and None whenever none has come for so long."""
    while True:
        coming = asyncio.ensure_future(anext(messages, None))
        try:
            while not (await asyncio.wait({coming}, timeout=seconds))[0]:
                yield None
        finally:
            # Nobody may close the generator while it still runs towards its next message.
            coming.cancel()
            await asyncio.wait({coming})
        message = coming.result()
        if message is None:
            return
        yield message


class ReaderGone(Exception):
    """The reader closed the connection, or took nothing for too long."""


class Reader:
    """The receiving end: waits for it when it is slow, gives it up when it stalls."""

    def __init__(self, request: web.Request, response: web.StreamResponse, pace: Pace) -> None:
        self.response = response
        self._request = request
        self._pace = pace

    async def send(self, data: bytes) -> None:
        """Send; raise ReaderGone."""
        try:
            async with asyncio.timeout(self._pace.stalled_seconds):
                if not self.response.prepared:
                    await self.response.prepare(self._request)
                if data:
                    await self.response.write(data)
        except (ConnectionError, TimeoutError) as error:
            raise ReaderGone from error

    async def send_last(self, data: bytes) -> None:
        """Send what ends the stream; a reader that is gone does not matter any more."""
        try:
            await self.send(data)
        except ReaderGone:
            self.cut()

    def cut(self) -> None:
        """Break the connection off, so that nobody takes what was sent for whole."""
        if self._request.transport is not None:
            self._request.transport.abort()
