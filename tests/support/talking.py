"""A language model and a voice that say what a test expects, as servicers on any grpc.aio server.

Run as a module it is a worker process for the llm table of the settings:

    python -m tests.support.talking
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import grpc
from google.api import httpbody_pb2
from prometheus_client import CollectorRegistry

from atelier.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from atelier.llm.v1 import llm_pb2, llm_pb2_grpc
from atelier.tts.v1 import tts_pb2, tts_pb2_grpc
from services.common.errors import FieldViolation, InternalFault, InvalidArgument, QueueFull
from services.common.rpc import CallInterceptor
from services.common.rpc_metrics import RpcMetrics
from services.common.settings import WorkerSettings
from services.common.worker import Worker, settings_or_exit

WAV_HEADER = (
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    b"\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00data\xff\xff\xff\xff"
)


class TalkingLlm(llm_pb2_grpc.LlmServiceServicer):
    """Answers "You said: ..." word by word; some questions have an effect of their own."""

    def __init__(self) -> None:
        self.requests: list[llm_pb2.ChatRequest] = []
        self.cancelled = asyncio.Event()
        """Set once an endless answer was cancelled."""

    async def StreamChat(self, request, context) -> AsyncIterator[llm_pb2.StreamChatResponse]:
        self.requests.append(request)
        if request.temperature > 2:
            raise InvalidArgument(FieldViolation("temperature", "must be from 0 to 2"))
        match request.messages[-1].content:
            case "be full":
                raise QueueFull(retry_after_seconds=2.0)
            case "break":
                raise InternalFault("BROKEN", "the weights fell out")
            case "go on for ever":
                async for response in self._endless():
                    yield response
            case question:
                for word in ("You ", "said: ", question):
                    yield llm_pb2.StreamChatResponse(text=word)
        yield llm_pb2.StreamChatResponse(finished=llm_pb2.ChatFinished(finish_reason="stop"))

    async def Chat(self, request, context) -> llm_pb2.ChatResponse:
        said = f"You said: {request.messages[-1].content}"
        return llm_pb2.ChatResponse(message=llm_pb2.ChatMessage(role="assistant", content=said))

    async def DescribeModel(self, request, context) -> llm_pb2.DescribeModelResponse:
        return llm_pb2.DescribeModelResponse()

    async def _endless(self) -> AsyncIterator[llm_pb2.StreamChatResponse]:
        try:
            while True:
                yield llm_pb2.StreamChatResponse(text="on and ")
                await asyncio.sleep(0.01)
        finally:
            self.cancelled.set()


class TalkingTts(tts_pb2_grpc.TtsServiceServicer):
    """Speaks one sample of silence for each character, as a WAV stream of unknown length."""

    def __init__(self) -> None:
        self.requests: list[tts_pb2.SynthesizeRequest] = []

    async def StreamSynthesize(
        self, request, context
    ) -> AsyncIterator[tts_pb2.StreamSynthesizeResponse]:
        self.requests.append(request)
        if request.voice == "nobody":
            raise InvalidArgument(FieldViolation("voice", "there is no voice 'nobody'"))
        started = tts_pb2.SpeechStarted(content_type="audio/wav", sample_rate=22050, channels=1)
        yield tts_pb2.StreamSynthesizeResponse(started=started)
        if request.format == "wav":
            yield _audio(WAV_HEADER)
        for sentence in request.text.splitlines():
            said = tts_pb2.SpeechSentence(text=sentence)
            yield tts_pb2.StreamSynthesizeResponse(sentence=said)
            yield _audio(b"\0\0" * len(sentence))
        if "fall silent" in request.text:
            raise InternalFault("BROKEN", "no breath left")
        finished = tts_pb2.SpeechFinished(audio_seconds=1.5)
        yield tts_pb2.StreamSynthesizeResponse(finished=finished)

    async def Synthesize(self, request, context) -> httpbody_pb2.HttpBody:
        raise NotImplementedError

    async def ListVoices(self, request, context) -> tts_pb2.ListVoicesResponse:
        voice = tts_pb2.Voice(id="joe", language="en-US", display_name="Joe")
        return tts_pb2.ListVoicesResponse(voices=[voice])

    async def DescribeModel(self, request, context) -> tts_pb2.DescribeModelResponse:
        return tts_pb2.DescribeModelResponse()


class TellingHealth(gateway_pb2_grpc.CapabilityServiceServicer):
    """Tells the capabilities that it was given, and, to a watcher, then a change."""

    def __init__(self) -> None:
        self.capabilities = [
            gateway_pb2.Capability(name="llm", state="available"),
            gateway_pb2.Capability(
                name="tts", state="unavailable", unavailable_reason="no worker answers"
            ),
        ]

    async def ListCapabilities(self, request, context) -> gateway_pb2.ListCapabilitiesResponse:
        return gateway_pb2.ListCapabilitiesResponse(capabilities=self.capabilities)

    async def GetCapability(self, request, context) -> gateway_pb2.Capability:
        return self.capabilities[0]

    async def WatchCapabilities(
        self, request, context
    ) -> AsyncIterator[gateway_pb2.WatchCapabilitiesResponse]:
        yield gateway_pb2.WatchCapabilitiesResponse(capabilities=self.capabilities)
        change = gateway_pb2.Capability(name="llm", state="error")
        yield gateway_pb2.WatchCapabilitiesResponse(capabilities=[change])


class TalkingGateway:
    """All three on one server, as a client of the gateway sees them."""

    def __init__(self) -> None:
        self.llm = TalkingLlm()
        self.tts = TalkingTts()
        self.health = TellingHealth()
        self.address = ""


@asynccontextmanager
async def talking_gateway() -> AsyncIterator[TalkingGateway]:
    """Serves on a free port; errors travel with their details as a worker sends them."""
    gateway = TalkingGateway()
    metrics = RpcMetrics(CollectorRegistry())
    server = grpc.aio.server(interceptors=[CallInterceptor(metrics, "llm.atelier")])
    llm_pb2_grpc.add_LlmServiceServicer_to_server(gateway.llm, server)
    tts_pb2_grpc.add_TtsServiceServicer_to_server(gateway.tts, server)
    gateway_pb2_grpc.add_CapabilityServiceServicer_to_server(gateway.health, server)
    gateway.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield gateway
    finally:
        await server.stop(0)


def _audio(data: bytes) -> tts_pb2.StreamSynthesizeResponse:
    return tts_pb2.StreamSynthesizeResponse(audio=tts_pb2.SpeechAudio(data=data))


def main() -> None:
    """Serves as the llm worker of the settings; DIE_AT_START makes it fail like a broken one."""
    if "DIE_AT_START" in os.environ:
        raise SystemExit("the weights are made of cheese")
    worker = Worker(settings_or_exit("llm", WorkerSettings), stages=())
    worker.serve(partial(llm_pb2_grpc.add_LlmServiceServicer_to_server, TalkingLlm()))


if __name__ == "__main__":
    main()
