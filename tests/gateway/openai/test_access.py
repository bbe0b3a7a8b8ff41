"""Who is not let in: OpenAI's own client raises the right exception."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from tests.support.gateways import llm_row, running_gateway
from tests.support.locked import Keys
from tests.support.ports import free_port


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


@asynccontextmanager
async def locked(keys: Keys, secret: str) -> AsyncIterator[AsyncOpenAI]:
    """A client with a key, of a gateway that asks for one."""
    rows = (llm_row(free_port()),)
    async with running_gateway(0, rows, access=keys.settings) as running:
        url = f"http://127.0.0.1:{running.http_port}/v1"
        async with AsyncOpenAI(base_url=url, api_key=secret, max_retries=0) as client:
            yield client


async def test_the_clients_key_is_the_gateways(keys: Keys) -> None:
    async with locked(keys, keys.add()) as client:
        assert [model.id async for model in await client.models.list()] == ["llm"]


async def test_a_wrong_key(keys: Keys) -> None:
    keys.add()
    async with locked(keys, "sk-nonsense") as client:
        with pytest.raises(openai.AuthenticationError, match="API key") as caught:
            await client.models.list()
        assert (caught.value.code, caught.value.type) == ("invalid_api_key", "authentication_error")
        with pytest.raises(openai.AuthenticationError):
            await client.embeddings.create(model="llm", input="x")


async def test_a_key_that_calls_too_often(keys: Keys) -> None:
    async with locked(keys, keys.add(rate=1)) as client:
        await client.models.list()
        with pytest.raises(openai.RateLimitError) as caught:
            await client.models.list()
        assert caught.value.code == "rate_limit_exceeded"
        assert int(caught.value.response.headers["retry-after"]) > 0


async def test_a_foreign_page(keys: Keys) -> None:
    async with locked(keys, keys.add()) as client, aiohttp.ClientSession() as session:
        headers = {"Origin": "http://elsewhere.example"}
        url = f"{client.base_url}chat/completions"
        async with session.post(url, json={}, headers=headers) as answer:
            assert answer.status == 403
            assert (await answer.json())["error"]["type"] == "permission_error"
