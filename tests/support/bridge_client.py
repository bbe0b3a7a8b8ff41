"""The bridge on a real port, and a client that reads its event streams."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from google.protobuf.descriptor_pool import DescriptorPool

from services.gateway.bridge import Backend, BridgeOptions, HttpServer, build_app
from tests.support import bridge_toy


@dataclass(frozen=True)
class ServerEvent:
    """A server-sent event, its data already read as JSON."""

    name: str
    data: Any
    id: str


@asynccontextmanager
async def bridge(
    backend: Backend,
    options: BridgeOptions | None = None,
    *,
    pool: DescriptorPool | None = None,
    services: Sequence[str] = (bridge_toy.SERVICE,),
) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve the bridge, and give a session whose base is its address."""
    app = build_app(backend, pool or bridge_toy.pool(), services, options)
    server = HttpServer(app, host="127.0.0.1", port=0, grace_seconds=2.0)
    port = await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield session
    finally:
        await server.stop()


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[ServerEvent]:
    """Read the events of an answer; comments are left out."""
    async for lines in blocks(response):
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        if fields:
            name = fields.get("event", "message")
            yield ServerEvent(name, json.loads(fields["data"]), fields["id"])


async def blocks(response: aiohttp.ClientResponse) -> AsyncIterator[list[str]]:
    """Read the blocks of lines between empty lines, comments included."""
    lines: list[str] = []
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line:
            lines.append(line)
        else:
            yield lines
            lines = []
