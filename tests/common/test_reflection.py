"""Foreign clients find out by reflection what a server serves, in both versions of it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from services.common.worker import Worker
from tests.support.common_jobs import soon
from tests.support.common_worker import SERVICE, register, worker_settings
from tests.support.tools import required_tool


@pytest.fixture
async def address() -> AsyncIterator[str]:
    worker = Worker(worker_settings(), stages=())
    port = await worker.start(register(worker))
    yield f"127.0.0.1:{port}"
    await worker.stop(0)


async def output(tool: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        required_tool(tool),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await soon(process.communicate())
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def test_grpcurl_lists_the_services(address: str) -> None:
    services = (await output("grpcurl", "-plaintext", address, "list")).split()
    assert services == [
        SERVICE,
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]


@pytest.mark.parametrize(
    "service",
    [SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"],
)
async def test_grpcurl_describes_what_it_has_listed(address: str, service: str) -> None:
    assert f"{service} is a service" in await output(
        "grpcurl", "-plaintext", address, "describe", service
    )


async def test_grpcurl_calls_without_the_proto(address: str) -> None:
    request = json.dumps({"messages": [{"role": "user", "content": "count"}]})
    method = f"{SERVICE}/StreamChat"
    answers = await output("grpcurl", "-plaintext", "-d", request, address, method)
    assert [line.strip() for line in answers.splitlines() if "text" in line] == [
        '"text": "1"',
        '"text": "2"',
        '"text": "3"',
    ]


@pytest.mark.parametrize("version", ["grpc-v1", "grpc-v1alpha"])
async def test_buf_calls_without_the_proto_in_either_version(address: str, version: str) -> None:
    answer = await output(
        "buf",
        "curl",
        "--protocol",
        "grpc",
        "--http2-prior-knowledge",
        "--reflect-protocol",
        version,
        f"http://{address}/{SERVICE}/DescribeModel",
    )
    assert json.loads(answer) == {"contextLength": 7}


async def test_grpcurl_reads_the_health(address: str) -> None:
    answer = await output("grpcurl", "-plaintext", address, "grpc.health.v1.Health/List")
    assert json.loads(answer) == {
        "statuses": {"": {"status": "SERVING"}, SERVICE: {"status": "SERVING"}}
    }
