"""Puts pieces of text together, so that a stream carries a bounded number of messages a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

MESSAGES_PER_SECOND = 40
_END = object()


async def paced(
    pieces: AsyncIterator[str], per_second: float = MESSAGES_PER_SECOND
) -> AsyncIterator[str]:
    """Yields the first piece at once, later ones joined, at most `per_second` a second.

    Nothing is lost and the order is kept. What `pieces` raises is raised after its last piece.
    """
    news: asyncio.Queue[object] = asyncio.Queue()
    reading = asyncio.create_task(_read(pieces, news))
    loop = asyncio.get_running_loop()
    try:
        ended = False
        next_at = 0.0
        while not ended:
            items = [await news.get()]
            if items[0] is not _END and next_at > loop.time():
                await asyncio.sleep(next_at - loop.time())
            while not news.empty():
                items.append(news.get_nowait())
            ended = items[-1] is _END
            text = "".join(item for item in items if isinstance(item, str))
            if text:
                next_at = loop.time() + 1 / per_second
                yield text
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _read(pieces: AsyncIterator[str], news: "asyncio.Queue[object]") -> None:
    try:
        async with aclosing(pieces) as source:  # type: ignore[type-var]  # an async generator
            async for piece in source:
                news.put_nowait(piece)
    finally:
        news.put_nowait(_END)
