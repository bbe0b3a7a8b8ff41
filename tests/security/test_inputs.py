"""No input is taken without a bound, and none becomes a path.

The pieces are tested beside their modules; here every capability is asked over real gRPC.
"""

import io
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from atelier.echo.v1 import echo_pb2
from atelier.image.v1 import image_pb2
from atelier.llm.v1 import llm_pb2
from atelier.tts.v1 import tts_pb2
from atelier.videogen.v1 import videogen_pb2
from services.common.methods import service_methods
from services.gateway.record import State
from services.llm.settings import LlmSettings
from tests.fuzz.test_servicers import WORKERS
from tests.support.gateways import echo_worker, running_gateway
from tests.support.image_pictures import huge_png
from tests.support.locked import web

LLM, TTS, IMAGE, VIDEOGEN = WORKERS
USER = llm_pb2.ChatMessage(role="user", content="a")
BOMB = huge_png(20_000, 20_000)
LARGE = 2**31 - 1

TOO_MUCH: list[tuple[str, str, Message, str]] = [
    (LLM, "Chat", llm_pb2.ChatRequest(messages=[USER] * 10_001), "messages"),
    (LLM, "Chat", llm_pb2.ChatRequest(messages=[llm_pb2.ChatMessage()] * 100_000), "messages"),
    (LLM, "StreamChat", llm_pb2.ChatRequest(messages=[USER], stop=["a"] * 100_000), "stop"),
    (LLM, "Chat", llm_pb2.ChatRequest(messages=[USER], stop=["a" * 1000]), "stop[0]"),
    (LLM, "Chat", llm_pb2.ChatRequest(messages=[USER], max_tokens=LARGE), "max_tokens"),
    (TTS, "Synthesize", tts_pb2.SynthesizeRequest(text="a" * 5000), "text"),
    (TTS, "StreamSynthesize", tts_pb2.SynthesizeRequest(text="a" * 100_001), "text"),
    (IMAGE, "GenerateImage", image_pb2.GenerateImageRequest(prompt="a" * 100_000), "prompt"),
    (IMAGE, "GenerateImage", image_pb2.GenerateImageRequest(prompt="a", steps=LARGE), "steps"),
    (IMAGE, "GenerateImage", image_pb2.GenerateImageRequest(prompt="a", width=LARGE), "width"),
    (
        IMAGE,
        "GenerateImage",
        image_pb2.GenerateImageRequest(prompt="a", num_images=LARGE),
        "num_images",
    ),
    (IMAGE, "GenerateImage", image_pb2.GenerateImageRequest(prompt="a", image=BOMB), "image"),
    (VIDEOGEN, "GenerateVideo", videogen_pb2.GenerateVideoRequest(image=BOMB), "image"),
    (
        VIDEOGEN,
        "GenerateVideo",
        videogen_pb2.GenerateVideoRequest(image=b"a", num_frames=LARGE),
        "num_frames",
    ),
    (
        VIDEOGEN,
        "GenerateVideo",
        videogen_pb2.GenerateVideoRequest(image=b"a", steps=LARGE),
        "steps",
    ),
    (
        VIDEOGEN,
        "GenerateVideo",
        videogen_pb2.GenerateVideoRequest(image=b"a", prompt="a" * 100_000),
        "prompt",
    ),
]


@pytest.mark.parametrize(
    ("service", "method", "request_", "field"),
    TOO_MUCH,
    ids=[f"{method}-{field}" for _, method, _, field in TOO_MUCH],
)
async def test_too_much_of_anything_is_refused_by_its_field(
    service: str, method: str, request_: Message, field: str
) -> None:
    async with WORKERS[service]() as worker:
        error = await ending(worker.port, service, method, request_)
        assert error is not None
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        status = rpc_status.from_call(error)
        assert status is not None
        bad = error_details_pb2.BadRequest()
        assert any(detail.Unpack(bad) for detail in status.details)
        assert field in [item.field for item in bad.field_violations]


def test_messages_of_many_tiny_parts_have_a_lower_limit() -> None:
    settings = LlmSettings(name="llm", service="a.B", port=0, metrics_port=0, model="a")
    assert settings.max_message_mib <= 8


async def test_a_message_over_the_limit_is_refused_and_is_no_news_of_the_worker() -> None:
    async with echo_worker() as (port, _), running_gateway(port, max_message_mib=1) as running:
        assert (await running.echo.Say(echo_pb2.EchoRequest(text="a"))).text == "a"
        for size in (2**20 + 1, 2**22):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await running.echo.Say(echo_pb2.EchoRequest(text="a" * size))
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await running.until_judged()).state is State.AVAILABLE
        async with web(running.http_port) as session:
            body = io.BytesIO(b'{"text": "%s"}' % (b"a" * 2**21))
            async with session.post("/v1/echo/say", data=body) as answer:
                assert answer.status == 413


async def test_metadata_has_a_largest_size() -> None:
    async with echo_worker() as (port, servicer), running_gateway(port) as running:
        shown = (("x-large", "a" * 40_000),)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.echo.Say(echo_pb2.EchoRequest(text="a"), metadata=shown)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert servicer.calls == 0
        assert (await running.echo.Say(echo_pb2.EchoRequest(text="a"))).text == "a"


MARK = "a-file-that-nobody-may-open"
PATHS = (f"../../../{MARK}", f"/etc/{MARK}", f"file:///{MARK}", f"{MARK}\0.png", f"..\\{MARK}")
opened: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def watch_the_file_system() -> None:
    """Notes every path with the mark that Python is about to open, list, stat or remove."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir"):
            opened.extend(str(item) for item in arguments if MARK in str(item))

    sys.addaudithook(note)


@pytest.mark.parametrize("service", WORKERS)
async def test_no_text_of_a_request_reaches_the_file_system(service: str) -> None:
    async with WORKERS[service]() as worker:
        for method in service_methods(service):
            found = descriptor_pool.Default().FindMethodByName(f"{service}.{method.name.method}")
            for request in with_paths(found.input_type):
                await ending(worker.port, service, method.name.method, request)
    assert opened == []


async def test_no_part_of_a_url_reaches_the_file_system() -> None:
    async with echo_worker() as (port, _), running_gateway(port) as running:
        async with web(running.http_port) as session:
            async with session.get("/openapi.json") as answer:
                templates = list((await answer.json())["paths"])
            for template in [*templates, "/{any}", "/assets/{any}", "/v1/{any}"]:
                for path in ("%2e%2e%2f", "..%2f..%2f", "%2fetc%2f", "....//", "..;/", "%00"):
                    head, brace, rest = template.partition("{")
                    tail = rest.partition("}")[2].replace("{", "").replace("}", "")
                    url = f"{head}{path}{MARK}{tail}" if brace else f"{head}?a={path}{MARK}"
                    for method in ("GET", "DELETE"):
                        async with session.request(method, yarl_encoded(url)) as got:
                            await got.read()
                            assert got.status < 500, url
    # The studios look for a file below their own folder, and nowhere else.
    assert [path for path in opened if "apps/web/dist" not in path] == []


async def ending(
    port: int, service: str, method: str, request: Message
) -> grpc.aio.AioRpcError | None:
    """How a call ends."""
    found = descriptor_pool.Default().FindMethodByName(f"{service}.{method}")
    path = f"/{service}/{method}"
    options = [("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        try:
            if found.server_streaming:
                begin: Any = channel.unary_stream(path)
                stream = begin(request.SerializeToString(), timeout=60)
                while await stream.read() is not grpc.aio.EOF:
                    pass
            else:
                unary: Any = channel.unary_unary(path)
                await unary(request.SerializeToString(), timeout=60)
        except grpc.aio.AioRpcError as error:
            return error
    return None


def with_paths(descriptor: Descriptor) -> Iterator[Message]:
    """Requests whose texts are paths, each kind of path once in every field."""
    for path in PATHS:
        yield filled(descriptor, path)
        for field in descriptor.fields:
            if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
                message = filled(descriptor, "a")
                setattr(message, field.name, path)
                yield message


def filled(descriptor: Descriptor, text: str) -> Message:
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            value: Any = text
        elif field.type == FieldDescriptor.TYPE_BYTES:
            value = text.encode()
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            value = filled(field.message_type, text)
        else:
            continue
        if field.is_repeated:
            getattr(message, field.name).append(value)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    return message


def yarl_encoded(url: str) -> Any:
    """The URL as it stands, not made clean by the client."""
    import yarl

    return yarl.URL(url, encoded=True)
