"""The services that both sides are put in front of: the real contracts, and the toy."""

from collections.abc import Iterator

import grpc
from google.api import annotations_pb2, httpbody_pb2
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from atelier.gateway.v1 import gateway_pb2
from atelier.llm.v1 import llm_pb2
from atelier.tts.v1 import tts_pb2
from tests.support import bridge_toy
from tests.support.bridge_worker import Behaviours, Failed

SERVICES = (
    "atelier.llm.v1.LlmService",
    "atelier.tts.v1.TtsService",
    "atelier.gateway.v1.CapabilityService",
    bridge_toy.SERVICE,
)


def descriptors() -> FileDescriptorSet:
    """Gather all files, each after those that it imports."""
    files: dict[str, FileDescriptorProto] = {}
    for module in (llm_pb2, tts_pb2, gateway_pb2, error_details_pb2):
        _add(module.DESCRIPTOR, files)
    for file in bridge_toy.descriptor_set().file:
        files.setdefault(file.name, file)
    return FileDescriptorSet(file=files.values())


def for_envoy(files: FileDescriptorSet) -> FileDescriptorSet:
    """Leave out `response_body` where Envoy refuses to start with it: for all but HttpBody."""
    made = FileDescriptorSet()
    made.CopyFrom(files)
    methods = (
        method for file in made.file for service in file.service for method in service.method
    )
    for method in methods:
        if method.name in ("PatchBook", "Titles"):
            method.options.Extensions[annotations_pb2.http].ClearField("response_body")
    return made


def pool(files: FileDescriptorSet) -> DescriptorPool:
    """Make a pool of the files."""
    made = DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made


def _add(file: FileDescriptor, files: dict[str, FileDescriptorProto]) -> None:
    for needed in file.dependencies:
        _add(needed, files)
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    files.setdefault(file.name, proto)


# ---- behaviours


def _chat(request: llm_pb2.ChatRequest) -> Message:
    text = request.messages[-1].content if request.messages else ""
    _fail_if_told(text)
    if not request.messages:
        wrong = error_details_pb2.BadRequest.FieldViolation(field="messages", description="empty")
        raise Failed(
            grpc.StatusCode.INVALID_ARGUMENT,
            "messages: empty",
            error_details_pb2.ErrorInfo(reason="INVALID_FIELD", domain="llm.atelier"),
            error_details_pb2.BadRequest(field_violations=[wrong]),
        )
    return llm_pb2.ChatResponse(
        message=llm_pb2.ChatMessage(role="assistant", content=text),
        finish_reason="stop",
        usage=llm_pb2.ChatUsage(prompt_tokens=len(text), tokens_per_second=0.1),
        seed=request.seed,
    )


def _fail_if_told(text: str) -> None:
    if not text.startswith("fail "):
        return
    code = grpc.StatusCode[text.removeprefix("fail ")]
    details: list[Message] = []
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(1500)
        details.append(retry)
    raise Failed(code, "as you wish: ü %", *details)


def _stream_chat(request: llm_pb2.ChatRequest) -> Iterator[Message]:
    text = request.messages[-1].content
    _fail_if_told(text)
    yield llm_pb2.StreamChatResponse(queued={"position": 0})
    yield llm_pb2.StreamChatResponse(text="Grüße\n\r\n\u2028")
    if text == "break later":
        raise Failed(grpc.StatusCode.INTERNAL, "broke")
    yield llm_pb2.StreamChatResponse(text="")
    yield llm_pb2.StreamChatResponse(finished={"finish_reason": "stop"})


def _synthesize(request: tts_pb2.SynthesizeRequest) -> Message:
    kind = "" if request.format == "nameless" else "audio/wav"
    sound = b"RIFF\x00\xff" + request.text.encode()
    body: Message = httpbody_pb2.HttpBody(content_type=kind, data=sound)
    return body


def _voices(_request: Message) -> Message:
    voices = [tts_pb2.Voice(id="joe", language="en-US"), tts_pb2.Voice(id="eva")]
    return tts_pb2.ListVoicesResponse(voices=voices)


def _capability(request: gateway_pb2.GetCapabilityRequest) -> Message:
    if request.name == "none":
        info = error_details_pb2.ErrorInfo(
            reason="NOT_FOUND", domain="map.atelier", metadata={"capability": request.name}
        )
        raise Failed(grpc.StatusCode.NOT_FOUND, "there is no capability 'none'", info)
    capability = gateway_pb2.Capability(name=request.name, state="available")
    capability.since.FromMilliseconds(1_700_000_000_500)
    return capability


def _watch(_request: Message) -> Iterator[Message]:
    for names in (["llm", "tts"], ["llm"]):
        capabilities = [gateway_pb2.Capability(name=name) for name in names]
        yield gateway_pb2.WatchCapabilitiesResponse(capabilities=capabilities)


def _books(_request: Message) -> Iterator[Message]:
    yield bridge_toy.message("Book", id=1)
    yield bridge_toy.message("Book", title="two")


def _download(_request: Message) -> Iterator[Message]:
    yield httpbody_pb2.HttpBody(content_type="audio/flac", data=b"fLaC")
    yield httpbody_pb2.HttpBody(content_type="audio/flac", data=b"\x00\xff")


def _empty(_request: Message) -> Message:
    return gateway_pb2.WatchCapabilitiesRequest()


LIBRARY = bridge_toy.SERVICE
BEHAVIOURS = Behaviours(
    answers={
        "atelier.llm.v1.LlmService.Chat": _chat,
        "atelier.llm.v1.LlmService.DescribeModel": lambda _: llm_pb2.DescribeModelResponse(),
        "atelier.tts.v1.TtsService.Synthesize": _synthesize,
        "atelier.tts.v1.TtsService.ListVoices": _voices,
        "atelier.tts.v1.TtsService.DescribeModel": lambda _: tts_pb2.DescribeModelResponse(),
        "atelier.gateway.v1.CapabilityService.ListCapabilities": _empty,
        "atelier.gateway.v1.CapabilityService.GetCapability": _capability,
        f"{LIBRARY}.DeleteBook": _empty,
    },
    streams={
        "atelier.llm.v1.LlmService.StreamChat": _stream_chat,
        "atelier.gateway.v1.CapabilityService.WatchCapabilities": _watch,
        f"{LIBRARY}.WatchBooks": _books,
        f"{LIBRARY}.Download": _download,
    },
)
