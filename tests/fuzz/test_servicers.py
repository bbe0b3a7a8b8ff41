"""Every servicer under made-up requests: each call ends in a way that the contract knows.

A request that cannot be carried out is the caller's mistake (INVALID_ARGUMENT or OUT_OF_RANGE); no
message and no bytes make a servicer fail by its own fault, or stop it from serving the next call.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.methods import service_methods
from tests.support import image_fakes, llm_worker, tts_worker, video_fakes
from tests.support.llm_fakes import ParrotEngine
from tests.support.made_up import messages
from tests.support.tts_fakes import HummingEngine

EXAMPLES = 40
FINE = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE}

Workers = dict[str, Callable[[], AbstractAsyncContextManager[Any]]]
WORKERS: Workers = {
    "atelier.llm.v1.LlmService": lambda: llm_worker.serving(ParrotEngine()),
    "atelier.tts.v1.TtsService": lambda: tts_worker.serving(HummingEngine()),
    "atelier.image.v1.ImageService": image_fakes.studio,
    "atelier.videogen.v1.VideogenService": video_fakes.film_studio,
}


@pytest.mark.parametrize("service", WORKERS)
async def test_a_made_up_message_is_served_or_refused_by_its_fields(service: str) -> None:
    async with WORKERS[service]() as worker:
        for method in service_methods(service):
            descriptor = descriptor_pool.Default().FindMethodByName(
                f"{service}.{method.name.method}"
            )
            requests = messages(descriptor.input_type).map(lambda made: made.SerializeToString())
            codes = await endings(worker.port, method.path, method.name.server_streaming, requests)
            assert codes <= FINE, method.path


@pytest.mark.parametrize("service", WORKERS)
async def test_bytes_that_are_no_message_are_the_callers_mistake(service: str) -> None:
    async with WORKERS[service]() as worker:
        for method in service_methods(service):
            codes = await endings(
                worker.port, method.path, method.name.server_streaming, st.binary(max_size=200)
            )
            assert codes <= FINE, method.path


async def endings(
    port: int, path: str, streams: bool, requests: st.SearchStrategy[bytes]
) -> set[grpc.StatusCode]:
    """The status codes with which calls end."""
    found: set[grpc.StatusCode] = set()

    def send_all() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            kind = channel.unary_stream if streams else channel.unary_unary
            call: Any = kind(path)

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(request=requests)
            def send(request: bytes) -> None:
                code = ending(call, request)
                found.add(code)
                assert code in FINE, code

            send()

    await asyncio.to_thread(send_all)
    return found


def ending(call: Any, request: bytes) -> grpc.StatusCode:
    try:
        answer = call(request, timeout=60)
        if not isinstance(answer, bytes):
            for _ in answer:
                pass
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK
