"""Every field of a request, wrong in every way that has a message of its own."""

import math

import pytest

from atelier.llm.v1 import llm_pb2
from services.common.errors import InvalidArgument
from services.llm.order import MAX_STOP_CHARACTERS, MAX_STOPS, read_order
from services.llm.sampling import SamplingDefaults

NAN, INFINITE = math.nan, math.inf


def asked(role: str = "user", content: str = "Hello", **fields: object) -> llm_pb2.ChatRequest:
    message = llm_pb2.ChatMessage(role=role, content=content)
    return llm_pb2.ChatRequest(messages=[message], **fields)  # type: ignore[arg-type]


def refused(request: llm_pb2.ChatRequest) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        read_order(request)
    return [item.field for item in caught.value.violations]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"role": ""}, "messages[0].role"),
        ({"role": "User"}, "messages[0].role"),
        ({"role": "a b"}, "messages[0].role"),
        ({"role": "<|im_end|>"}, "messages[0].role"),
        ({"role": "user\n"}, "messages[0].role"),
        ({"role": "x" * 40}, "messages[0].role"),
        ({"role": "assistant"}, "messages[0].role"),
        ({"role": "system"}, "messages[0].role"),
        ({"content": ""}, "messages[0].content"),
        ({"content": " \n\t"}, "messages[0].content"),
        ({"content": "a\0b"}, "messages[0].content"),
        *(
            ({name: value}, name)
            for name, values in {
                "temperature": (-0.1, 2.1, NAN, INFINITE, -INFINITE),
                "top_p": (0, -1, 1.01, NAN, INFINITE),
                "top_k": (-1, -(2**31)),
                "repetition_penalty": (0, 0.99, 2.01, NAN, INFINITE),
                "max_tokens": (0, -1, -(2**31)),
            }.items()
            for value in values
        ),
        ({"stop": ["x"] * (MAX_STOPS + 1)}, "stop"),
        ({"stop": ["x", ""]}, "stop[1]"),
        ({"stop": ["x" * (MAX_STOP_CHARACTERS + 1)]}, "stop[0]"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], path: str) -> None:
    assert refused(asked(**fields)) == [path]  # type: ignore[arg-type]


def test_all_wrong_fields_are_named_at_once() -> None:
    request = asked("", "", temperature=9, top_p=9, stop=[""])
    assert refused(request) == [
        "messages[0].role",
        "messages[0].content",
        "temperature",
        "top_p",
        "stop[0]",
    ]
    assert refused(llm_pb2.ChatRequest()) == ["messages"]


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0},
        {"temperature": 2, "top_p": 1, "top_k": 0, "repetition_penalty": 1, "max_tokens": 1},
        {"top_p": 5e-324, "top_k": 2**31 - 1, "repetition_penalty": 2, "seed": 2**32 - 1},
        {"role": "tool", "stop": ["x" * MAX_STOP_CHARACTERS] * MAX_STOPS},
    ],
)
def test_the_limits_themselves_are_allowed(fields: dict[str, object]) -> None:
    read_order(asked(**fields))  # type: ignore[arg-type]


def test_what_is_left_out_is_the_model_s_own_and_zero_is_not_left_out() -> None:
    defaults = SamplingDefaults(temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.1)
    sampling = read_order(asked(seed=0)).sampling(defaults)
    assert (sampling.temperature, sampling.top_p) == (0.7, 0.9)
    assert (sampling.top_k, sampling.repetition_penalty, sampling.seed) == (40, 1.1, 0)
    sampling = read_order(asked(temperature=0, top_k=0)).sampling(defaults)
    assert (sampling.temperature, sampling.top_k) == (0, 0)


def test_a_seed_is_made_up_where_none_is_asked_for() -> None:
    assert len({read_order(asked()).seed for _ in range(4)}) > 1


def test_max_tokens_are_bounded_by_the_room() -> None:
    assert read_order(asked()).max_tokens(512, room=100) == 100
    assert read_order(asked(max_tokens=100)).max_tokens(512, room=100) == 100
    with pytest.raises(InvalidArgument, match="at most 100"):
        read_order(asked(max_tokens=101)).max_tokens(512, room=100)
