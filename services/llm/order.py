"""A chat request as plain values, with every field checked. Knows no model but its defaults."""

import math
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from atelier.llm.v1 import llm_pb2
from services.common.errors import FieldViolation, InvalidArgument
from services.llm.sampling import Sampling, SamplingDefaults

ROLES = ("system", "user", "assistant", "tool", "developer")
"""The roles that chat templates know; which of them this one takes, it says itself."""
MAX_MESSAGES = 10_000
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
_RANGES: tuple[tuple[str, float, float, str], ...] = (
    ("temperature", 0, 2, "from 0 (always the likeliest word) to 2"),
    ("repetition_penalty", 1, 2, "from 1 (off) to 2"),
)


@dataclass(frozen=True)
class ChatOrder:
    """What to answer, and how."""

    messages: tuple[dict[str, str], ...]
    """As chat templates take them, with "role" and "content"."""
    request: llm_pb2.ChatRequest
    """The checked request; what it leaves out is filled in when the model is known."""
    seed: int
    """The asked seed, or a random one."""
    stops: tuple[str, ...]

    def sampling(self, defaults: SamplingDefaults) -> Sampling:
        """How to choose words, with the model's own values for what was left out."""
        asked = self.request
        return Sampling(
            temperature=asked.temperature
            if asked.HasField("temperature")
            else defaults.temperature,
            top_p=asked.top_p if asked.HasField("top_p") else defaults.top_p,
            top_k=asked.top_k if asked.HasField("top_k") else defaults.top_k,
            repetition_penalty=(
                asked.repetition_penalty
                if asked.HasField("repetition_penalty")
                else defaults.repetition_penalty
            ),
            seed=self.seed,
        )

    def max_tokens(self, default: int, room: int) -> int:
        """The longest answer in tokens; `room` is what the context leaves.

        Raises InvalidArgument if more was asked for than there is room.
        """
        if not self.request.HasField("max_tokens"):
            return min(default, room)
        if self.request.max_tokens > room:
            raise InvalidArgument(
                FieldViolation(
                    "max_tokens",
                    f"must be at most {room}, which is what the context leaves for the answer, "
                    f"not {self.request.max_tokens}",
                )
            )
        return self.request.max_tokens


def read_order(request: llm_pb2.ChatRequest) -> ChatOrder:
    """Checks a request. Raises InvalidArgument that names every wrong field."""
    violations = [*_messages(request), *_numbers(request), *_stops(request)]
    if violations:
        raise InvalidArgument(*violations)
    return ChatOrder(
        messages=tuple({"role": item.role, "content": item.content} for item in request.messages),
        request=request,
        seed=request.seed if request.HasField("seed") else secrets.randbits(32),
        stops=tuple(request.stop),
    )


def context_too_long(length: str, context_length: int) -> InvalidArgument:
    """The refusal of a conversation that leaves no room for an answer."""
    return InvalidArgument(
        FieldViolation(
            "messages",
            f"have {length}, and with the answer at most {context_length} tokens fit; "
            "leave out older messages",
        ),
        reason="CONTEXT_TOO_LONG",
    )


def _messages(request: llm_pb2.ChatRequest) -> Iterator[FieldViolation]:
    if not request.messages:
        yield FieldViolation("messages", 'is empty; send at least one, with role "user"')
    if len(request.messages) > MAX_MESSAGES:
        # Not looked at one by one: each wrong one would cost a violation.
        count = len(request.messages)
        yield FieldViolation("messages", f"has {count} messages; at most {MAX_MESSAGES} are taken")
        return
    for number, message in enumerate(request.messages):
        if message.role not in ROLES:
            yield FieldViolation(
                f"messages[{number}].role",
                f'must be one of {", ".join(ROLES)}, not "{message.role[:40]}"',
            )
        if not message.content.strip():
            yield FieldViolation(f"messages[{number}].content", "is empty; say something")
        if "\0" in message.content:
            yield FieldViolation(f"messages[{number}].content", "has a NUL character; leave it out")
    if request.messages and request.messages[-1].role in ("assistant", "system"):
        yield FieldViolation(
            f"messages[{len(request.messages) - 1}].role",
            f'the last message must be one to answer, not one of "{request.messages[-1].role}"',
        )


def _numbers(request: llm_pb2.ChatRequest) -> Iterator[FieldViolation]:
    for name, low, high, words in _RANGES:
        value = getattr(request, name)
        if request.HasField(name) and not (math.isfinite(value) and low <= value <= high):
            yield FieldViolation(name, f"must be {words}, not {value:g}")
    if request.HasField("top_p") and not 0 < request.top_p <= 1:
        yield FieldViolation("top_p", f"must be more than 0 and at most 1, not {request.top_p:g}")
    if request.HasField("top_k") and request.top_k < 0:
        yield FieldViolation("top_k", f"must be 0 (off) or more, not {request.top_k}")
    if request.HasField("max_tokens") and request.max_tokens < 1:
        yield FieldViolation("max_tokens", f"must be at least 1, not {request.max_tokens}")


def _stops(request: llm_pb2.ChatRequest) -> Iterator[FieldViolation]:
    if len(request.stop) > MAX_STOPS:
        yield FieldViolation("stop", f"has {len(request.stop)} strings; at most {MAX_STOPS}")
        return
    for number, stop in enumerate(request.stop):
        if not stop:
            yield FieldViolation(f"stop[{number}]", "is empty; leave it out")
        elif len(stop) > MAX_STOP_CHARACTERS:
            yield FieldViolation(
                f"stop[{number}]", f"is longer than {MAX_STOP_CHARACTERS} characters"
            )
