"""A gateway that talks, and the command run against it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from services.cli.main import main
from tests.support.talking import TalkingGateway, talking_gateway


@dataclass
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str


Atelier = Callable[..., Awaitable[Ran]]


@pytest.fixture
async def gateway() -> AsyncIterator[TalkingGateway]:
    async with talking_gateway() as running:
        yield running


@pytest.fixture
def atelier(
    gateway: TalkingGateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Atelier:
    """Runs `atelier ...` against the gateway, in a thread beside the server's loop."""
    monkeypatch.setenv("ATELIER_GATEWAY", gateway.address)

    async def run(*arguments: str) -> Ran:
        status = await asyncio.to_thread(main, arguments)
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run
