"""Waiting for what another thread does."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Returns when the condition holds; fails instead of hanging for ever."""

    async def look() -> None:
        # Events of another thread cannot be awaited.
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), 30)
