"""Chat through OpenAI's own client: whole, streamed, refused, broken off."""

import asyncio
import json
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from services.common.errors import GpuOutOfMemory, InternalFault
from tests.support.openai_stack import OpenAiStack

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


async def test_an_answer_in_one_piece(client: AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="llm", messages=HELLO, seed=7, metadata={"page": "1"}
    )
    answer = raw.parse()
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model, answer.system_fingerprint) == (
        "chat.completion", "llm", None,
    )  # fmt: skip
    (choice,) = answer.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content) == ("assistant", "Hello there.")
    assert choice.message.refusal is None
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == len("Hello")
    assert answer.usage.total_tokens == len("Hello") + answer.usage.completion_tokens
    assert answer.metadata == {"page": "1"}
    assert raw.headers["x-request-id"]
    assert raw.headers["content-type"].startswith("application/json")


async def test_a_streamed_answer(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="parrot", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Hello there."
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [
        *[None] * (len(chunks) - 2), "stop",
    ]  # fmt: skip
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == len("Hello")
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_the_clients_own_stream_helper(client: AsyncOpenAI) -> None:
    async with client.chat.completions.stream(model="llm", messages=HELLO) as stream:
        deltas = [event.delta async for event in stream if event.type == "content.delta"]
        final = await stream.get_final_completion()
    assert "".join(deltas) == final.choices[0].message.content == "Hello there."


async def test_the_synchronous_client(stack: OpenAiStack) -> None:
    def talk() -> tuple[str | None, str]:
        with stack.sync_client() as client:
            whole = client.chat.completions.create(model="llm", messages=HELLO)
            chunks = client.chat.completions.create(model="llm", messages=HELLO, stream=True)
            parts = [chunk.choices[0].delta.content or "" for chunk in chunks]
            return whole.choices[0].message.content, "".join(parts)

    assert await asyncio.to_thread(talk) == ("Hello there.", "Hello there.")


async def test_how_a_stream_looks_on_the_wire(stack: OpenAiStack) -> None:
    async with aiohttp.ClientSession() as session:
        body = {"model": "llm", "messages": HELLO, "stream": True}
        async with session.post(f"{stack.base_url}/chat/completions", json=body) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            events = (await answer.text()).removesuffix("\n\n").split("\n\n")
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    first = json.loads(events[0].removeprefix("data: "))
    assert first["object"] == "chat.completion.chunk"
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "usage" not in first


async def test_the_parameters_reach_the_model(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    stack.parrot.samplings.clear()
    answer = await client.chat.completions.create(
        model="llm",
        messages=HELLO,
        temperature=0.25,
        top_p=0.5,
        seed=-1,
        stop=" the",
        max_completion_tokens=10,
        extra_body={"top_k": 3, "repetition_penalty": 1.5},
    )
    (sampling,) = stack.parrot.samplings
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.25, 0.5, 3)
    assert (sampling.repetition_penalty, sampling.seed) == (1.5, 2**32 - 1)
    assert answer.choices[0].message.content == "Hello"


async def test_an_answer_that_is_cut_says_so(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="llm", messages=HELLO, max_tokens=5)
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == "Hello"


async def test_parts_of_text_and_the_developers_role(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    messages: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": part} for part in ("He", "y")]},
    ]
    answer = await client.chat.completions.create(model="llm", messages=messages)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == len("Be brief.Hey")


async def test_an_answer_can_be_sent_back_as_it_came(client: AsyncOpenAI) -> None:
    first = await client.chat.completions.create(model="llm", messages=HELLO)
    messages: list[Any] = [*HELLO, first.choices[0].message, {"role": "user", "content": "And?"}]
    second = await client.chat.completions.create(model="llm", messages=messages)
    assert second.choices[0].message.content == "Hello there."


IDLE = {
    "n": 1, "logprobs": False, "top_logprobs": 0, "presence_penalty": 0.0,
    "frequency_penalty": 0, "logit_bias": {}, "response_format": {"type": "text"}, "tools": [],
    "tool_choice": "auto", "store": False, "service_tier": "auto", "modalities": ["text"],
    "user": "somebody", "safety_identifier": "x", "prompt_cache_key": "y", "audio": None,
}  # fmt: skip


async def test_what_asks_for_nothing_is_accepted(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="llm", messages=HELLO, extra_body=IDLE)
    assert answer.choices[0].message.content == "Hello there."


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"n": 2}, "unsupported_parameter", "n"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"tools": [{"type": "function"}]}, "unsupported_parameter", "tools"),
        ({"response_format": {"type": "json_object"}}, "unsupported_parameter", "response_format"),
        ({"temprature": 1}, "unknown_parameter", "temprature"),
        ({"temperature": "hot"}, "invalid_type", "temperature"),
        ({"temperature": True}, "invalid_type", "temperature"),
        ({"temperature": 9}, "invalid_value", "temperature"),
        ({"max_completion_tokens": 0}, "invalid_value", "max_completion_tokens"),
        ({"max_completion_tokens": 2**40}, "invalid_value", "max_completion_tokens"),
        ({"max_tokens": 3, "max_completion_tokens": 4}, "invalid_value", "max_tokens"),
        ({"stop": 1}, "invalid_type", "stop"),
        ({"stop": [""]}, "invalid_value", "stop[0]"),
        ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
        ({"messages": None}, "missing_required_parameter", "messages"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": ["Hi"]}, "invalid_type", "messages[0]"),
        ({"messages": [{"role": "user"}]}, "missing_required_parameter", "messages[0].content"),
        ({"messages": [{"role": "user", "content": ""}]}, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value", "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": "x", "name": "Ann"}]},
            "unsupported_parameter", "messages[0].name",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "unsupported_parameter", "messages[0].content[0].image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "video", "text": "x"}]}]},
            "invalid_value", "messages[0].content[0].type",
        ),
        ({"messages": [{"role": "user", "content": "x" * 999}]}, "context_length_exceeded",
         "messages"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_by_name(
    client: AsyncOpenAI, given: dict[str, object], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="llm", messages=HELLO, extra_body=given)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.type == "invalid_request_error"
    assert param.partition("[")[0] in caught.value.message


async def test_a_model_that_is_not_there_is_not_found(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="'llm' and 'parrot'") as caught:
        await client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def test_another_capabilitys_name_is_no_model_for_chat(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="for chat"):
        await client.chat.completions.create(model="image", messages=HELLO)


async def test_a_worker_that_fails_is_a_server_error(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    stack.parrot.error = InternalFault("BROKEN", "the feathers fell out")
    try:
        with pytest.raises(openai.InternalServerError, match="feathers") as caught:
            await client.chat.completions.create(model="llm", messages=HELLO)
    finally:
        stack.parrot.error = None
    assert (caught.value.type, caught.value.code) == ("server_error", "broken")
    assert caught.value.request_id


async def test_too_little_memory_is_no_rate_limit(client: AsyncOpenAI, stack: OpenAiStack) -> None:
    stack.parrot.error = GpuOutOfMemory("the device has not enough memory")
    try:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="llm", messages=HELLO)
    finally:
        stack.parrot.error = None
    assert caught.value.code == "gpu_out_of_memory"
    assert caught.value.response.headers["x-should-retry"] == "false"


async def test_a_stream_that_breaks_ends_with_an_error(
    client: AsyncOpenAI, stack: OpenAiStack
) -> None:
    stack.parrot.hold = asyncio.Event()
    stack.parrot.error = InternalFault("BROKEN", "the feathers fell out")
    stream = await client.chat.completions.create(model="llm", messages=HELLO, stream=True)
    stack.parrot.hold.set()
    try:
        with pytest.raises(openai.APIError, match="feathers") as caught:
            async for _ in stream:
                pass
    finally:
        stack.parrot.error = stack.parrot.hold = None
    assert (caught.value.code, caught.value.type) == ("broken", "server_error")


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_client_that_leaves_stops_the_model(stack: OpenAiStack, *, streamed: bool) -> None:
    stack.parrot.hold = asyncio.Event()
    before = stack.parrot.broken_off
    body = {"model": "llm", "messages": HELLO, "stream": streamed}
    try:
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(
                session.post(f"{stack.base_url}/chat/completions", json=body)
            )
            while not stack.parrot.running:
                await asyncio.sleep(0.01)
            if streamed:
                (await asking).close()
            else:
                asking.cancel()
        async with asyncio.timeout(30):
            while stack.parrot.broken_off == before:
                await asyncio.sleep(0.01)
    finally:
        stack.parrot.hold = None
    assert stack.parrot.running == 0
