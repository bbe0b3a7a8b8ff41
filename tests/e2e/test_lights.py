"""What an operator sees when real workers really fail and recover."""

import asyncio
import json
import subprocess
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from tests.support.real_stack import RealStack, kill_hard
from tests.support.tools import required_tool

pytestmark = pytest.mark.starter
LONG = llm_pb2.ChatRequest(
    messages=[llm_pb2.ChatMessage(role="user", content="Tell me a very long story.")],
    max_tokens=1500,
)
SHORT = llm_pb2.ChatRequest(messages=[llm_pb2.ChatMessage(role="user", content="Hi")], max_tokens=8)


def channel_to(stack: RealStack) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(f"127.0.0.1:{stack.port('GATEWAY_GRPC_PORT')}")


async def begun(stub: Any) -> Any:
    """A chat that streams text."""
    call = stub.StreamChat(LONG)
    while not (await call.read()).text:
        pass
    return call


async def end_of(call: Any) -> grpc.aio.AioRpcError:
    """Reads a stream to its end, which must be an error."""
    try:
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the stream ended well")


async def state_of(stack: RealStack, name: str) -> str:
    capabilities = await asyncio.to_thread(stack.capabilities)
    return str(capabilities[name]["state"])


async def test_callers_mistakes_change_no_light(stack: RealStack) -> None:
    async with channel_to(stack) as channel:
        stub: Any = llm_pb2_grpc.LlmServiceStub(channel)
        await stub.Chat(SHORT)
        before = (await asyncio.to_thread(stack.capabilities))["llm"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Chat(SHORT, timeout=0.001)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        hot = llm_pb2.ChatRequest(messages=SHORT.messages, temperature=9)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Chat(hot)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        call = await begun(stub)
        call.cancel()
        after = (await asyncio.to_thread(stack.capabilities))["llm"]
        assert (after["state"], after["since"]) == ("available", before["since"])


async def test_a_worker_killed_in_mid_stream_and_restarted(stack: RealStack) -> None:
    async with channel_to(stack) as channel:
        capabilities: Any = gateway_pb2_grpc.CapabilityServiceStub(channel)
        stub: Any = llm_pb2_grpc.LlmServiceStub(channel)
        call = await begun(stub)
        watch = capabilities.WatchCapabilities(gateway_pb2.WatchCapabilitiesRequest())
        seen = {item.name: item.state for item in (await watch.read()).capabilities}
        assert seen["llm"] == "available"

        kill_hard(await asyncio.to_thread(stack.worker, "llm"))
        error = await end_of(call)
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        assert status is not None
        assert status.details[0].Unpack(info)
        assert info.domain == "gateway.atelier"

        states: list[str] = []
        while not states or states[-1] != "unknown":  # back, since supervisor has restarted it
            for item in (await asyncio.wait_for(watch.read(), 120)).capabilities:
                if item.name == "llm" and item.state != (states or [""])[-1]:
                    states.append(item.state)
        assert states[-2:] == ["unavailable", "unknown"]
        watch.cancel()

        await stub.Chat(SHORT)
        assert await state_of(stack, "llm") == "available"
        assert await state_of(stack, "tts") == "available"


def test_every_metrics_page_is_clean(stack: RealStack) -> None:
    promtool = required_tool("promtool")
    for port in (
        "GATEWAY_METRICS_PORT",
        "LLM_METRICS_PORT",
        "TTS_METRICS_PORT",
        "IMAGE_METRICS_PORT",
        "VIDEOGEN_METRICS_PORT",
    ):
        page = stack.metrics(port)
        check = subprocess.run(
            [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
        )
        assert check.returncode == 0, check.stdout + check.stderr
        assert "process_resident_memory_bytes" in page


def test_the_gateway_page_shows_what_the_status_route_says(stack: RealStack) -> None:
    capabilities = stack.capabilities()  # first, since the first look moves lights
    page = stack.metrics("GATEWAY_METRICS_PORT")
    for name, evidence in capabilities.items():
        line = f'atelier_capability_state{{capability="{name}",state="{evidence["state"]}"}} 1.0'
        assert line in page


def test_errors_by_http_keep_the_details(stack: RealStack) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 200_000}]})
    url = f"http://127.0.0.1:{stack.port('GATEWAY_HTTP_PORT')}/v1/llm/chat"
    printed = subprocess.run(
        ["curl", "-s", url, "-H", "Content-Type: application/json", "--data-binary", "@-"],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    error = json.loads(printed)["error"]
    assert (error["code"], error["status"], error["capability"]) == (
        400,
        "INVALID_ARGUMENT",
        "llm",
    )
    assert error["details"]
