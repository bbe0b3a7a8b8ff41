"""`Prefer: respond-async` puts a task off, and nothing but a task."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from services.gateway.bridge.respond_async import idempotency_key, prefers_async
from services.gateway.record import State
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.image_fakes import Studio, studio
from tests.support.openai_stack import rows


@asynccontextmanager
async def drawing() -> AsyncIterator[tuple[aiohttp.ClientSession, Studio, RunningGateway]]:
    async with studio() as image:
        ports = {"llm": 1, "tts": 1, "image": image.port, "videogen": 1}
        async with running_gateway(0, rows(ports)) as running:
            base = f"http://127.0.0.1:{running.http_port}"
            async with aiohttp.ClientSession(base) as session:
                yield session, image, running


async def put_off(session: aiohttp.ClientSession, **headers: str) -> aiohttp.ClientResponse:
    return await session.post(
        "/v1/image/generate",
        json={"prompt": "a dog"},
        headers={"Prefer": "respond-async", **headers},
    )


async def test_a_task_is_accepted_with_its_operation_and_done_later() -> None:
    async with drawing() as (session, image, _):
        async with await put_off(session) as answer:
            assert answer.status == 202
            assert answer.headers["Preference-Applied"] == "respond-async"
            operation: dict[str, Any] = await answer.json()
            assert answer.headers["Location"] == f"/v1/{operation['name']}"
        assert operation["done"] is False
        assert operation["metadata"]["capability"] == "image"
        image.painter.go.set()
        async with session.post(f"/v1/{operation['name']}:wait", json={}) as answer:
            ended = await answer.json()
        assert ended["done"] is True
        [file] = ended["response"]["files"]
        async with session.get(file["url"], headers={"Range": "bytes=1-3"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"PNG")
            etag = answer.headers["ETag"]
        async with session.get(file["url"], headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304


async def test_the_same_key_is_the_same_job_and_another_request_with_it_is_refused() -> None:
    async with drawing() as (session, _, running):
        async with await put_off(session, **{"Idempotency-Key": '"a"'}) as answer:
            first = await answer.json()
        async with await put_off(session, **{"Idempotency-Key": "a"}) as answer:
            assert (await answer.json())["name"] == first["name"]
        other = {"prompt": "a cat"}
        headers = {"Prefer": "respond-async", "Idempotency-Key": "a"}
        async with session.post("/v1/image/generate", json=other, headers=headers) as answer:
            assert answer.status == 409
            error = (await answer.json())["error"]
        assert first["metadata"]["id"] in error["message"]
        assert running.gateway.health["image"].state is not State.ERROR


async def test_what_is_no_task_is_answered_at_once() -> None:
    async with (
        drawing() as (session, _, _),
        session.get("/v1/image/model", headers={"Prefer": "respond-async"}) as answer,
    ):
        assert answer.status == 200
        assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("header", "value", "field"),
    [
        ("X-Atelier-Presence", b"x" * 200, "presence"),
        ("X-Atelier-Presence", b"\xe9\xff", "presence"),
        ("Idempotency-Key", b"\xe9\xff", "idempotency_key"),
        ("X-Atelier-On-Leave", b"go", "on_leave"),
    ],
)
async def test_a_header_that_cannot_be_is_refused_by_its_field(
    header: str, value: bytes, field: str
) -> None:
    async with drawing() as (_, _, running):
        status, error = await asyncio.to_thread(raw_post, running.http_port, header, value)
    assert status == 400
    [details] = [each for each in error["details"] if each["@type"].endswith("BadRequest")]
    assert details["field_violations"][0]["field"] == field


def raw_post(port: int, header: str, value: bytes) -> tuple[int, dict[str, Any]]:
    """Puts a picture off with a header of any bytes, which no good client would send."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection):
        body = b'{"prompt": "a dog"}'
        connection.putrequest("POST", "/v1/image/generate")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Prefer", "respond-async")
        connection.putheader(header, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["error"]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["respond-async"], True),
        (["Respond-Async, wait=10"], True),
        (["wait=10, respond-async; x=1"], True),
        (["wait=10", "respond-async"], True),
        (["return=minimal"], False),
        (["respond-asynchronously"], False),
        ([""], False),
        ([], False),
    ],
)
def test_the_header_is_read_as_rfc_7240_has_it(lines: list[str], wanted: bool) -> None:
    assert prefers_async(headers(*(("Prefer", line) for line in lines))) is wanted


@pytest.mark.parametrize(
    ("value", "key"), [('"a"', "a"), ("a", "a"), ('"', '"'), ('""', ""), ('a"', 'a"')]
)
def test_a_key_may_stand_in_quotes(value: str, key: str) -> None:
    assert idempotency_key(headers(("Idempotency-Key", value))) == key


def headers(*lines: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(lines))
