"""Clients that dawdle, crowd in or speak no HTTP cost little, and are told what was wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from services.gateway.bridge import HttpServer, build_app
from services.gateway.bridge.connections import ConnectionLimits
from tests.support import bridge_toy
from tests.support.bridge_backend import FakeBackend

HEALTHZ = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def server(**limits: float) -> AsyncIterator[int]:
    """The bridge with these limits; gives its port."""
    app = build_app(FakeBackend(), bridge_toy.pool(), (bridge_toy.SERVICE,))
    running = HttpServer(
        app,
        host="127.0.0.1",
        port=0,
        grace_seconds=2.0,
        limits=ConnectionLimits(**limits),  # type: ignore[arg-type]  # a test's own values
    )
    port = await running.start()
    try:
        yield port
    finally:
        await running.stop()


async def exchange(port: int, *parts: bytes) -> tuple[int, dict[str, object]]:
    """Sends the parts, and reads all until the server closes; gives the status and the error."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    data = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


def reason(error: dict[str, object]) -> object:
    details = error["details"]
    assert isinstance(details, list)
    return details[0]["reason"]


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
async def test_a_head_that_does_not_end_ends_the_connection(begin: bytes) -> None:
    async with server(head_seconds=0.05) as port:
        status, error = await exchange(port, begin)
        assert (status, reason(error)) == (408, "SLOW_HEAD")


async def test_drops_do_not_buy_time() -> None:
    async with server(head_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip() -> None:
            writer.write(b"GET / HTTP/1.1\r\n")
            while True:
                writer.write(b"X-A: b\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        # Whether the answer is read depends on what was under way when the server closed.
        with suppress(ConnectionResetError):
            assert b"SLOW_HEAD" in await asyncio.wait_for(reader.read(), 30)
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()


@pytest.mark.parametrize("begin", [b"\r\n\r\n", b"\r\n" * 9 + b"GET / HTTP/1.1\r\nX-A: b"])
async def test_empty_lines_do_not_buy_time(begin: bytes) -> None:
    async with server(head_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin)
        assert b"SLOW_HEAD" in await asyncio.wait_for(reader.read(), 30)
        writer.close()


async def test_empty_lines_before_a_request_are_passed_over() -> None:
    async with server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\r\n\r\n" + HEALTHZ)
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)
        writer.close()


async def test_a_head_in_pieces_is_a_head() -> None:
    async with server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in HEALTHZ:
            writer.write(bytes([byte]))
            await writer.drain()
        assert b" 200 " in await reader.readline()
        writer.close()


async def test_an_idle_connection_is_closed_also_in_the_middle_of_a_later_head() -> None:
    async with server(idle_seconds=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEALTHZ + b"GET / HT")
        data = await asyncio.wait_for(reader.read(), 30)
        assert data.count(b"HTTP/1.1 200") == 1
        writer.close()


async def test_there_are_only_so_many_connections() -> None:
    async with server(most=2) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            writer.write(HEALTHZ)
            assert b" 200 " in await reader.readline()
        status, error = await exchange(port)
        assert (status, reason(error)) == (503, "TOO_MANY_CONNECTIONS")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEALTHZ)
        assert b" 200 " in await reader.readline()
        writer.close()


@pytest.mark.parametrize(
    "text",
    [
        b"no http\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nbroken header\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_an_error_in_json(text: bytes) -> None:
    async with server() as port:
        status, error = await exchange(port, text)
        assert (status, reason(error)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "text",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n",
    ],
)
async def test_a_line_of_the_head_has_a_longest_length(text: bytes) -> None:
    async with server() as port:
        status, error = await exchange(port, text)
        assert (status, reason(error)) == (431, "HEAD_TOO_LARGE")


async def test_a_head_has_only_so_many_lines() -> None:
    async with server() as port:
        lines = b"".join(b"X-%d: a\r\n" % number for number in range(200))
        status, _ = await exchange(port, b"GET / HTTP/1.1\r\n" + lines + b"\r\n")
        assert status == 400
