"""A tts worker over real gRPC with an engine that hums, and a client of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from atelier.tts.v1 import tts_pb2, tts_pb2_grpc
from services.common.worker import Worker
from services.tts.metrics import STAGES, TtsMetrics
from services.tts.servicer import TtsServicer
from services.tts.settings import TtsSettings
from tests.support.tts_fakes import HummingEngine


class Tts:
    """A worker with a humming engine, and a client of it."""

    port = 0

    def __init__(self, engine: HummingEngine, worker: Worker, channel: grpc.aio.Channel) -> None:
        self.engine = engine
        self.worker = worker
        self.stub: tts_pb2_grpc.TtsServiceAsyncStub = tts_pb2_grpc.TtsServiceStub(channel)

    def figure(self, name: str) -> float:
        value = self.worker.registry.get_sample_value(f"atelier_tts_{name}")
        assert value is not None, name
        return value

    async def refusal(self, **fields: object) -> dict[str, str]:
        """The violations by field with which the request is refused."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.stub.Synthesize(tts_pb2.SynthesizeRequest(**fields))  # type: ignore[arg-type]
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        status = await asyncio.to_thread(rpc_status.from_call, caught.value)
        assert status is not None
        bad = error_details_pb2.BadRequest()
        for detail in status.details:
            detail.Unpack(bad)
        return {item.field: item.description for item in bad.field_violations}


@asynccontextmanager
async def serving(engine: HummingEngine, **keys: object) -> AsyncIterator[Tts]:
    settings = TtsSettings(
        name="tts",
        service="atelier.tts.v1.TtsService",
        port=0,
        metrics_port=0,
        model="humming",
        **keys,  # type: ignore[arg-type]
    )
    worker = Worker(settings, stages=STAGES)
    servicer = TtsServicer(engine, worker.lane, TtsMetrics(worker.registry), settings)
    port = await worker.start(partial(tts_pb2_grpc.add_TtsServiceServicer_to_server, servicer))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            client = Tts(engine, worker, channel)
            client.port = port
            yield client
    finally:
        await worker.stop(0)
