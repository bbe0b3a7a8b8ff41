"""The list of models through OpenAI's own client."""

import openai
import pytest
from openai import AsyncOpenAI

from tests.support.gateways import llm_row, running_gateway
from tests.support.openai_stack import OpenAiStack
from tests.support.ports import free_port

NAMES = ["parrot", "llm", "humming", "tts", "fake", "image", "fake", "videogen"]


async def test_the_list_has_the_models_and_their_stable_names(client: AsyncOpenAI) -> None:
    models = [model async for model in await client.models.list()]
    assert [model.id for model in models] == NAMES
    assert {(model.object, model.owned_by, model.created) for model in models} == {
        ("model", "atelier", 0)
    }
    assert models[0].model_extra == {"capability": "llm"}


async def test_a_single_model(client: AsyncOpenAI) -> None:
    assert (await client.models.retrieve("parrot")).id == "parrot"
    assert (await client.models.retrieve("llm")).id == "llm"


async def test_a_model_with_a_slash_in_its_name_is_looked_up(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Qwen/Qwen3-4B"):
        await client.models.retrieve("Qwen/Qwen3-4B")


async def test_a_worker_that_is_away_keeps_its_stable_name() -> None:
    async with running_gateway(0, (llm_row(free_port()),)) as running:
        url = f"http://127.0.0.1:{running.http_port}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            assert [model.id async for model in await client.models.list()] == ["llm"]
            with pytest.raises(openai.InternalServerError) as caught:
                await client.chat.completions.create(
                    model="parrot", messages=[{"role": "user", "content": "Hi"}]
                )
            assert caught.value.status_code == 503
            assert caught.value.response.headers["retry-after"] == "2"
            with pytest.raises(openai.NotFoundError, match="no capability for pictures"):
                await client.images.generate(prompt="a dog")


async def test_models_cannot_be_deleted(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    with pytest.raises(openai.NotFoundError, match="is not offered here"):
        await client.models.delete("parrot")
