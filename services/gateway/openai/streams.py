"""Server-sent events as OpenAI's clients read them: data without ids, errors as events.

Knows no route. What is sent and when a reader is given up is the bridge's way.
"""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from aiohttp import web

from services.gateway.bridge.sse import (
    EVENT_STREAM_HEADERS,
    HEARTBEAT,
    Pace,
    Reader,
    ReaderGone,
    with_pauses,
)
from services.gateway.openai.errors import ApiError

DONE = b"data: [DONE]\n\n"


def event(data: dict[str, object], name: str = "") -> bytes:
    """One event; JSON has no line breaks of its own."""
    return _event(json.dumps(data, ensure_ascii=False), name)


async def send(
    request: web.Request,
    events: AsyncGenerator[bytes],
    failed: Callable[[Exception], ApiError],
    pace: Pace,
) -> web.StreamResponse:
    """Sends the events. An error before the first one is raised, a later one is an event."""
    reader = Reader(request, web.StreamResponse(headers=EVENT_STREAM_HEADERS), pace)
    try:
        async with (
            aclosing(events),
            aclosing(with_pauses(events, pace.heartbeat_seconds)) as steps,
        ):
            async for step in steps:
                await reader.send(HEARTBEAT if step is None else step)
        await reader.send(b"")
    except ReaderGone:
        reader.cut()
    except Exception as error:
        if not reader.response.prepared:
            raise
        await reader.send_last(_event(failed(error).json(), ""))
    return reader.response


def _event(data: str, name: str) -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {data}\n\n".encode()
