"""Bodies of OpenAI's clients over a real connection: JSON, forms, and what is neither."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from services.gateway.bridge import HttpServer
from services.gateway.openai.bodies import Limits, read_json_or_form, read_query
from services.gateway.openai.exchange import told

LIMITS = Limits(max_body_bytes=400_000, body_seconds=5.0)


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An address that answers with what it has read."""

    async def read(request: web.Request) -> web.Response:
        from services.gateway.bridge.app import REQUEST_ID

        request[REQUEST_ID] = "id-1"
        try:
            fields = {**await read_json_or_form(request, LIMITS), **read_query(request)}
        except Exception as error:  # noqa: BLE001 - told like any other
            return told(request, error).response()
        return web.json_response(fields, dumps=repr)

    app = web.Application()
    app.router.add_post("/", read)
    server = HttpServer(app, host="127.0.0.1", port=0)
    port = await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as opened:
        yield opened
    await server.stop()


async def text(answer: aiohttp.ClientResponse) -> str:
    async with answer:
        return await answer.text()


async def test_json(session: aiohttp.ClientSession) -> None:
    assert await text(await session.post("/?a=1", json={"b": [2]})) == "{'b': [2], 'a': '1'}"


async def test_a_form_with_a_file_and_an_object(session: aiohttp.ClientSession) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("prompt", "fly ümlaut")
    form.add_field("input_reference", b"\0\r\n\xff", filename="a.png")
    form.add_field("other[image_url]", "data:x")
    assert await text(await session.post("/", data=form)) == repr(
        {
            "prompt": "fly ümlaut",
            "input_reference": b"\0\r\n\xff",
            "other": {"image_url": "data:x"},
        }
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a"], "'a' is given twice"),
        (["a[b]", "a"], "'a' is given twice"),
        (["a", "a[b]"], "is no field of an object"),
        (["a[b][c]"], "is no field of an object"),
        (["a[b"], "is no field of an object"),
        ([f"f{number}" for number in range(65)], "up to 64 named fields"),
    ],
)
async def test_forms_that_make_no_sense(
    session: aiohttp.ClientSession, names: list[str], message: str
) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    for name in names:
        form.add_field(name, "x")
    answer = await session.post("/", data=form)
    assert answer.status == 400
    assert message in await text(answer)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data", b"--x\r\n", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data', 400),
        ("application/x-www-form-urlencoded", b"a=1", 415),
        ("text/plain", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"a": 1, "a": 2}', 400),
        ("application/json", b'{"a": "\\ud800"}', 400),
        ("application/json", b'{"a": NaN}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b" " * 400_001, 413),
        ("multipart/form-data; boundary=x", b" " * 400_001, 413),
    ],
)  # fmt: skip
async def test_bodies_that_cannot_be_read(
    session: aiohttp.ClientSession, content_type: str, body: bytes, status: int
) -> None:
    answer = await session.post("/", data=body, headers={"Content-Type": content_type})
    async with answer:
        assert answer.status == status
        assert set((await answer.json())["error"]) == {"message", "type", "param", "code"}


async def test_a_field_that_is_too_long(session: aiohttp.ClientSession) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("prompt", "x" * 300_000)
    answer = await session.post("/", data=form)
    assert "more than 262144 bytes" in await text(answer)


async def test_a_parameter_of_the_url_that_is_given_twice(session: aiohttp.ClientSession) -> None:
    answer = await session.post("/?a=1&a=2", json={})
    assert "a: is given twice" in await text(answer)
