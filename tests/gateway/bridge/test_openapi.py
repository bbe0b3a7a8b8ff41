"""The OpenAPI document: valid by its specification, complete, and true under fuzzing."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode

from services.common.settings import CapabilityRow
from services.gateway.record import State
from tests.support.gateways import RunningGateway, echo_row, echo_worker, llm_row, running_gateway
from tests.support.image_fakes import studio
from tests.support.llm_fakes import ParrotEngine
from tests.support.llm_worker import serving

EXAMPLES = 12
# An operation whose answer does not end cannot be read to its end.
ENDLESS = ("/v1/capabilities:watch", "/v1/jobs:watch")
OPENAI = ("/v1/models", "/v1/chat", "/v1/audio", "/v1/images", "/v1/videos")
"""Where errors have OpenAI's shape."""


async def document_of(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/openapi.json") as answer:
        assert answer.content_type == "application/json"
        document: dict[str, Any] = await answer.json()
        return document


def url_of(gateway: RunningGateway) -> str:
    return f"http://127.0.0.1:{gateway.http_port}"


async def test_the_document_is_valid_and_says_what_the_protos_say() -> None:
    async with running_gateway(1, rows=(llm_row(1),)) as gateway:
        document = await document_of(url_of(gateway))
    validate(document)
    chat = document["paths"]["/v1/llm/chat"]["post"]
    body = chat["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/atelier.llm.v1.ChatRequest"}
    request = document["components"]["schemas"]["atelier.llm.v1.ChatRequest"]
    assert request["properties"]["temperature"]["type"] == "number"
    assert "always the likeliest" in request["properties"]["temperature"]["description"]
    assert request["additionalProperties"] is False


async def test_every_served_route_stands_in_it() -> None:
    async with running_gateway(1, rows=(llm_row(1),)) as gateway:
        paths = (await document_of(url_of(gateway)))["paths"]
    for path, method in (
        ("/v1/llm/chat:stream", "post"),
        ("/v1/llm/model", "get"),
        ("/v1/capabilities/{name}", "get"),
        ("/v1/capabilities:watch", "get"),
        ("/healthz", "get"),
    ):
        assert method in paths[path]
    [name] = paths["/v1/capabilities/{name}"]["get"]["parameters"]
    assert (name["in"], name["required"]) == ("path", True)
    stream = paths["/v1/llm/chat:stream"]["post"]["responses"]["200"]
    assert list(stream["content"]) == ["text/event-stream"]


async def test_a_fifth_capability_is_described_without_any_code() -> None:
    async with echo_worker() as (port, _), running_gateway(port, rows=(echo_row(port),)) as gateway:
        document = await document_of(url_of(gateway))
    assert any(path.startswith("/v1/echo") for path in document["paths"])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_what_it_describes_is_answered_as_described(mode: GenerationMode) -> None:
    """With workers of real servicers, and one capability whose worker is away."""
    async with (
        serving(ParrotEngine()) as llm,
        studio() as image,
        running_gateway(1, rows=(llm_row(llm.port), image_row(image.port), tts_row())) as gateway,
    ):
        image.painter.go.set()
        document = await document_of(url_of(gateway))
        await asyncio.to_thread(fuzz, document, url_of(gateway), mode)
        states = {name: gateway.gateway.health[name].state for name in ("llm", "image")}
    assert State.ERROR not in states.values(), "a caller's mistakes turned a light red"


def image_row(port: int) -> CapabilityRow:
    service = "atelier.image.v1.ImageService"
    return CapabilityRow(name="image", service=service, port=port, metrics_port=0)


def tts_row() -> CapabilityRow:
    return CapabilityRow(name="tts", service="atelier.tts.v1.TtsService", port=1, metrics_port=0)


def fuzz(document: dict[str, Any], url: str, mode: GenerationMode) -> None:
    """Sends made-up requests to every operation, and checks each answer."""
    for operation in operations(document):
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # nothing to spoil
        strategy = operation.as_strategy(generation_mode=mode)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def send(case: schemathesis.Case) -> None:
            check(case.call(base_url=url, timeout=30), of_openai=case.path.startswith(OPENAI))

        send()


def operations(document: dict[str, Any]) -> Iterator[Any]:
    loaded: Any = schemathesis.openapi.from_dict(document)
    for found in loaded.get_all_operations():
        operation = found.ok()
        if operation.path not in ENDLESS:
            yield operation


def check(answer: schemathesis.Response, *, of_openai: bool) -> None:
    """Never an own fault of the gateway, and errors in the form that is described."""
    assert answer.status_code not in (500, 502), answer.text
    if answer.status_code < 400:
        return
    error = json.loads(answer.content)["error"]
    assert error["message"]
    if of_openai:
        assert error.keys() == {"message", "type", "param", "code"}
    else:
        assert error["code"] == answer.status_code
        assert error["details"]
