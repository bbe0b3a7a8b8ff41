"""Pieces put together: nothing lost, the first at once, not too many."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.llm.pacing import paced


async def letters(text: str, error: Exception | None = None) -> AsyncIterator[str]:
    for letter in text:
        await asyncio.sleep(0)
        yield letter
    if error is not None:
        raise error


async def test_the_first_piece_comes_alone_and_the_rest_joined() -> None:
    pieces = [piece async for piece in paced(letters("abcdefgh"), per_second=50)]
    assert "".join(pieces) == "abcdefgh"
    assert pieces[0].startswith("a")
    assert len(pieces) <= 3


async def test_nothing_gives_nothing() -> None:
    assert [piece async for piece in paced(letters(""))] == []


async def test_what_went_wrong_is_raised_after_the_last_piece() -> None:
    seen: list[str] = []

    async def read() -> None:
        async for piece in paced(letters("abc", ValueError("broken")), per_second=1000):
            seen.append(piece)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(ValueError, match="broken"):
        await read()
    assert "".join(seen) == "abc"


async def test_leaving_closes_the_source() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                await asyncio.sleep(0)
                yield "x"
        finally:
            await asyncio.sleep(0)
            closed.set()

    pieces = paced(endless())
    assert (await anext(pieces)).startswith("x")
    await pieces.aclose()
    assert closed.is_set()


async def test_a_stalled_reader_does_not_hold_up_the_source() -> None:
    done = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        for _ in range(1000):
            await asyncio.sleep(0)
            yield "x"
        done.set()

    pieces = paced(source())
    first = await anext(pieces)
    await asyncio.wait_for(done.wait(), 30)
    rest = [piece async for piece in pieces]
    assert len(first) + sum(map(len, rest)) == 1000
