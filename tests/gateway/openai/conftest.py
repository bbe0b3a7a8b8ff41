"""One gateway for all tests of the OpenAI-shaped API; each test puts back what it changed."""

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from tests.support.openai_stack import OpenAiStack, openai_stack


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[OpenAiStack]:
    async with openai_stack() as running:
        yield running


@pytest.fixture
async def client(stack: OpenAiStack) -> AsyncIterator[AsyncOpenAI]:
    async with stack.client() as opened:
        yield opened
