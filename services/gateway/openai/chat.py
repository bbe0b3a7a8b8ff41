"""POST /v1/chat/completions over LlmService: bodies to messages and back."""

import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated, Literal

from aiohttp import web
from annotated_types import Len
from pydantic import StringConstraints

from atelier.llm.v1 import llm_pb2
from services.gateway.openai import models, parameters
from services.gateway.openai.bodies import as_object, read_json
from services.gateway.openai.calls import Calls
from services.gateway.openai.errors import invalid
from services.gateway.openai.exchange import NAMES, Options, send_events
from services.gateway.openai.streams import DONE, event
from services.gateway.openai.values import Int32, Values, folded_seed, read

_SERVICE = "/atelier.llm.v1.LlmService"
_ROLES = {"developer": "system"}
"""OpenAI's newer word; chat templates know the older one."""


class ChatValues(Values):
    """The parameters of a conversation."""

    messages: list[dict[str, object]]
    model: str
    stream: bool = False
    stream_options: dict[str, object] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: Int32 | None = None
    repetition_penalty: float | None = None
    max_completion_tokens: Int32 | None = None
    max_tokens: Int32 | None = None
    stop: str | list[str] = ()  # type: ignore[assignment]  # an empty list, and unchangeable
    seed: int | None = None
    metadata: (
        Annotated[
            dict[
                Annotated[str, StringConstraints(max_length=64)],
                Annotated[str, StringConstraints(max_length=512)],
            ],
            Len(0, 16),
        ]
        | None
    ) = None


class MessageValues(Values):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[dict[str, object]]


class PartValues(Values):
    """A part of a message's content."""

    type: Literal["text"]
    text: str


class StreamOptionsValues(Values):
    """How a stream ends."""

    include_usage: bool = False


class Chat:
    """The route's handler."""

    def __init__(self, calls: Calls, known: models.Models, options: Options) -> None:
        self._calls = calls
        self._models = known
        self._options = options

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answers a conversation, whole or as a stream of chunks."""
        given = await read_json(request, self._options.limits)
        asked = read(ChatValues, parameters.accepted(parameters.CHAT, given))
        include_usage = _include_usage(asked)
        message = _request(asked)
        if asked.max_completion_tokens is not None:
            request[NAMES] = {"max_tokens": "max_completion_tokens"}
        model = await self._models.check(request, models.CHAT, asked.model)
        frame = _Frame(model, include_usage)
        if asked.stream:
            events = self._chunks(request, message, frame)
            return await send_events(request, events, self._options.pace)
        answer = await self._calls.answer(
            request, f"{_SERVICE}/Chat", message, llm_pb2.ChatResponse
        )
        return web.json_response(frame.whole(answer, asked.metadata))

    async def _chunks(
        self, request: web.Request, message: llm_pb2.ChatRequest, frame: "_Frame"
    ) -> AsyncGenerator[bytes]:
        """The stream's events. The first waits for text, so that an early error is a status."""
        events = self._calls.events(
            request, f"{_SERVICE}/StreamChat", message, llm_pb2.StreamChatResponse
        )
        begun = False
        async with aclosing(events):
            async for item in events:
                kind = item.WhichOneof("event")
                if kind not in ("text", "finished"):
                    continue
                if not begun:
                    yield frame.chunk({"role": "assistant", "content": "", "refusal": None})
                    begun = True
                if kind == "text":
                    yield frame.chunk({"content": item.text})
                else:
                    for block in frame.end(item.finished):
                        yield block
        yield DONE


class _Frame:
    """What all parts of an answer have in common."""

    def __init__(self, model: str, include_usage: bool) -> None:
        self._head: dict[str, object] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": None,
        }
        self._include_usage = include_usage

    def whole(
        self, answer: llm_pb2.ChatResponse, metadata: dict[str, str] | None
    ) -> dict[str, object]:
        """An answer in one piece."""
        message: dict[str, object] = {
            "role": "assistant",
            "content": answer.message.content,
            "refusal": None,
            "annotations": [],
        }
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        body = {"object": "chat.completion", "choices": [choice], "usage": _usage(answer.usage)}
        kept = {} if metadata is None else {"metadata": metadata}
        return {**self._head, **body, **kept, "seed": answer.seed}

    def chunk(self, delta: dict[str, object], finish_reason: str | None = None) -> bytes:
        """A part of the answer."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._event({"choices": [choice]}, None)

    def end(self, finished: llm_pb2.ChatFinished) -> Iterator[bytes]:
        """The last chunk, and the one with the usage if it was asked for."""
        yield self.chunk({}, finished.finish_reason)
        if self._include_usage:
            yield self._event({"choices": [], "seed": finished.seed}, _usage(finished.usage))

    def _event(self, body: dict[str, object], usage: dict[str, int] | None) -> bytes:
        counted = {"usage": usage} if self._include_usage else {}
        return event({**self._head, "object": "chat.completion.chunk", **body, **counted})


def _usage(usage: llm_pb2.ChatUsage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _include_usage(asked: ChatValues) -> bool:
    if asked.stream and asked.metadata is not None:
        raise invalid("metadata", "a stream has no place for it; leave it out, or do not stream")
    if asked.stream_options is None:
        return False
    if not asked.stream:
        raise invalid("stream_options", "is only allowed when 'stream' is true")
    given = parameters.accepted(parameters.STREAM_OPTIONS, asked.stream_options, "stream_options")
    return read(StreamOptionsValues, given, "stream_options").include_usage


def _request(asked: ChatValues) -> llm_pb2.ChatRequest:
    return llm_pb2.ChatRequest(
        messages=[
            _message(given, f"messages[{number}]") for number, given in enumerate(asked.messages)
        ],
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        repetition_penalty=asked.repetition_penalty,
        seed=None if asked.seed is None else folded_seed(asked.seed),
        stop=[asked.stop] if isinstance(asked.stop, str) else asked.stop,
        max_tokens=_max_tokens(asked),
    )


def _max_tokens(asked: ChatValues) -> int | None:
    both = {asked.max_tokens, asked.max_completion_tokens} - {None}
    if len(both) > 1:
        raise invalid("max_tokens", "differs from 'max_completion_tokens'; send one of them")
    return next(iter(both), None)


def _message(given: dict[str, object], inside: str) -> llm_pb2.ChatMessage:
    message = read(MessageValues, parameters.accepted(parameters.MESSAGE, given, inside), inside)
    content = message.content
    if not isinstance(content, str):
        content = "".join(
            _text(part, f"{inside}.content[{number}]") for number, part in enumerate(content)
        )
    return llm_pb2.ChatMessage(role=_ROLES.get(message.role, message.role), content=content)


def _text(part: dict[str, object], inside: str) -> str:
    given = parameters.accepted(parameters.CONTENT_PART, as_object(part, inside), inside)
    return read(PartValues, given, inside).text
