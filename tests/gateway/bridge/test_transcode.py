import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.errors import AtelierError, InvalidArgument
from services.gateway.bridge.errors import Refused
from services.gateway.bridge.routes import Match, RouteTable, declared_routes
from services.gateway.bridge.transcode import Body, Transcoder
from tests.support import bridge_toy

ROUTES = RouteTable(declared_routes(bridge_toy.pool(), [bridge_toy.SERVICE]))
TRANSCODER = Transcoder(bridge_toy.pool())
JSON = "application/json"


def match(route: str) -> Match:
    found = ROUTES.match(*route.split())
    assert found is not None
    return found


def request(
    route: str, query: dict[str, list[str]] | None = None, body: object = None, kind: str = JSON
) -> Message:
    found = match(route)
    if body is None:
        data, kind = b"", ""
    else:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = message_factory.GetMessageClass(found.route.method.input_type)()
    message.ParseFromString(TRANSCODER.request(found, query or {}, Body(kind, data)))
    return message


def shown(message: Message) -> Any:
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def answered(route: str, response: Message) -> Any:
    return json.loads(TRANSCODER.answer(match(route).route, response.SerializeToString()).data)


def violations(route: str, **how: Any) -> dict[str, str]:
    with pytest.raises(InvalidArgument) as caught:
        request(route, **how)
    return {item.field: item.description for item in caught.value.violations}


# ---- query parameters and path variables


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({}, {}),
        ({"in_print": ["true"]}, {"in_print": True}),
        ({"inPrint": ["1"]}, {"in_print": True}),
        ({"signed": ["false"]}, {"signed": False}),
        ({"kind": ["KIND_POEM"]}, {"kind": "KIND_POEM"}),
        ({"kind": ["2"]}, {"kind": "KIND_POEM"}),
        ({"kinds": ["KIND_POEM", "1"]}, {"kinds": ["KIND_POEM", "KIND_NOVEL"]}),
        ({"titles": ["a", "b"]}, {"titles": ["a", "b"]}),
        ({"years": ["1900", "-4"]}, {"years": [1900, -4]}),
        ({"min_price": ["2.5"]}, {"min_price": 2.5}),
        ({"min_price": ["0"]}, {"min_price": 0.0}),
        ({"min_price": ["NaN"]}, {"min_price": "NaN"}),
        ({"token": ["AP8="]}, {"token": "AP8="}),
        ({"token": ["AP8"]}, {"token": "AP8="}),
        ({"book.title": ["x"], "book.id": ["9"]}, {"book": {"title": "x", "id": "9"}}),
        ({"author.address.cityName": ["Rom"]}, {"author": {"address": {"city_name": "Rom"}}}),
        ({"since": ["2026-01-31T12:00:00Z"]}, {"since": "2026-01-31T12:00:00Z"}),
        ({"age": ["1.5s"]}, {"age": "1.500s"}),
        ({"copies": ["0"]}, {"copies": 0}),
    ],
)
def test_query_parameters_become_fields(query: dict[str, list[str]], fields: object) -> None:
    assert shown(request("GET /v1/toy/books", query)) == fields


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"titels": ["a"]}, "titels", "did you mean 'titles'"),
        ({"book.zzz": ["a"]}, "book.zzz", "there are: name, id, title, kind"),
        ({"in_print": ["perhaps"]}, "in_print", "expected true or false, got 'perhaps'"),
        ({"in_print": ["true", "false"]}, "in_print", "given 2 times"),
        ({"years": ["1900", "x"]}, "years[1]", "expected a whole number from -2147483648"),
        ({"kind": ["KIND_X"]}, "kind", "expected one of KIND_UNSPECIFIED, KIND_NOVEL"),
        ({"min_price": ["cheap"]}, "min_price", 'expected a number, got "cheap"'),
        ({"token": ["*"]}, "token", "base64"),
        ({"book": ["x"]}, "book", "it has book.name, book.id"),
        ({"books": ["x"]}, "books", "an object cannot be given"),
        ({"counts": ["x"]}, "counts", "an object cannot be given"),
        ({"counts.a": ["1"]}, "counts.a", "no single object"),
        ({"kind.x": ["1"]}, "kind.x", "no single object"),
        ({"since": ["today"]}, "since", "expected a time"),
        (
            {"since": ["2026-01-31T12:00:00Z"], "since.seconds": ["1"]},
            "since.seconds",
            "value of its",
        ),
        ({"inPrint": ["true"], "in_print": ["true"]}, "in_print", "given twice"),
        ({"": ["1"]}, "", "no such parameter"),
        ({"book..id": ["1"]}, "book..id", "no such parameter"),
    ],
)
def test_a_wrong_query_parameter_is_named(
    query: dict[str, list[str]], field: str, said: str
) -> None:
    assert said in violations("GET /v1/toy/books", query=query)[field]


def test_all_wrong_parameters_are_named_at_once() -> None:
    query = {"titels": ["a"], "book": ["x"]}
    assert set(violations("GET /v1/toy/books", query=query)) == {"titels", "book"}


def test_path_variables_reach_into_messages() -> None:
    message = request("GET /v1/toy/books/7/of/Ann:find", {"book.title": ["T"]})
    assert shown(message) == {"book": {"id": "7", "title": "T"}, "author": {"name": "Ann"}}


def test_a_path_variable_of_the_wrong_type_is_named() -> None:
    assert 'got "seven"' in violations("GET /v1/toy/books/seven")["id"]


def test_the_path_has_its_way_over_the_body() -> None:
    body = {"id": "3", "title": "T"}
    assert shown(request("PUT /v1/toy/books/7", body=body)) == {"id": "7", "title": "T"}
    assert shown(request("PUT /v1/toy/books/0", body=body)) == {"title": "T"}


def test_a_parameter_for_a_variable_of_the_path_is_refused() -> None:
    assert violations("GET /v1/toy/books/7", query={"id": ["8"]}) == {"id": "given twice"}


# ---- bodies


def test_names_in_json_may_be_snake_case_or_camel_case() -> None:
    wanted = {"maybe_small": 0, "by_number": {"1": "a"}, "renamed": "r"}
    assert shown(request("POST /v1/toy/echo", body=wanted)) == wanted
    camel = {"maybeSmall": 0, "byNumber": {"1": "a"}, "aliased": "r"}
    assert shown(request("POST /v1/toy/echo", body=camel)) == wanted


def test_a_body_can_be_one_field() -> None:
    message = request("POST /v1/toy/shelves/3/books", {"validate_only": ["true"]}, {"title": "T"})
    assert shown(message) == {
        "parent": "shelves/3",
        "book": {"title": "T"},
        "validate_only": True,
    }


def test_a_parameter_for_what_the_body_holds_is_refused() -> None:
    wrong = violations("POST /v1/toy/shelves/3/books", query={"book.id": ["1"]}, body={})
    assert "into the body" in wrong["book.id"]
    assert (
        "into the body" in violations("POST /v1/toy/echo", query={"text": ["a"]}, body={})["text"]
    )


def test_no_body_is_an_empty_message() -> None:
    assert shown(request("POST /v1/toy/echo")) == {}
    assert shown(request("POST /v1/toy/echo", body=b"")) == {}


def test_plain_bytes_become_an_http_body() -> None:
    message = request("POST /v1/toy/upload", body=b"\x00\xff", kind="image/png")
    assert shown(message) == {"content_type": "image/png", "data": "AP8="}
    message = request("POST /v1/toy/books/x/attachment", body=b"{", kind="text/x")
    assert shown(message) == {"id": "x", "file": {"content_type": "text/x", "data": "ew=="}}


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"text": 1}, "text", "expected a string, got 1"),
        ({"small": "x"}, "small", "expected a whole number from -2147483648 to 2147483647"),
        ({"small": 2**31}, "small", "got 2147483648"),
        ({"small": 1.5}, "small", "got 1.5"),
        ({"small": True}, "small", "got true"),
        ({"natural": -1}, "natural", "from 0 to 4294967295, got -1"),
        ({"huge": "-1"}, "huge", 'got "-1"'),
        ({"number": "hot"}, "number", 'expected a number, got "hot"'),
        ({"single": 1e300}, "single", "32 bits"),
        ({"truth": "yes"}, "truth", "expected true or false"),
        ({"data": "*"}, "data", "base64"),
        ({"data": "data:image/png;base64,AA=="}, "data", "leave out the head of the data URL"),
        ({"kind": "NOVEL"}, "kind", "expected one of KIND_UNSPECIFIED, KIND_NOVEL, KIND_POEM"),
        ({"book": []}, "book", "expected an object, got a list"),
        ({"book": {"id": {}}}, "book.id", "got an object"),
        ({"books": {}}, "books", "expected a list, got an object"),
        ({"books": [{}, {"titel": ""}]}, "books[1].titel", "did you mean 'title'"),
        ({"books": [None]}, "books[0]", "got null"),
        ({"words": ["a", 3]}, "words[1]", "expected a string, got 3"),
        ({"by_name": []}, "by_name", "expected an object, got a list"),
        ({"by_name": {"a": {"id": "x"}}}, 'by_name["a"].id', 'got "x"'),
        ({"time": "noon"}, "time", "expected a time"),
        ({"span": 3}, "span", "expected a duration"),
        ({"free_form": 3}, "free_form", "expected an object"),
        ({"maybe": 3}, "maybe", "expected a string"),
        ({"texd": ""}, "texd", "did you mean 'text'"),
        ({"text": "\ud800"}, "text", "expected a string"),
        ([], "body", "expected a JSON object"),
        ("text", "body", "expected a JSON object"),
        (None, "body", "expected a JSON object"),
        ({"left": "a", "right": 1}, "body", "choice"),
        ({"maybe_small": 1, "maybeSmall": 2}, "body", "multiple"),
        (b"", None, ""),
        (b"{", "body", "not valid JSON: Expecting property name"),
        (b'{"text": NaN}', "body", 'NaN is not JSON; write it as the string "NaN"'),
        (b'{"text": "a", "text": "b"}', "body", "'text' is given twice"),
        (b"\xff", "body", "not UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "body", "not valid JSON"),
        (b"[" * 200_000, "body", "nested more than 30 deep"),
        (b'{"free_form": ' + b'{"a":' * 30 + b"1" + b"}" * 31, "body", "nested more than 30 deep"),
        ({"by_number": {"x": "y"}}, 'by_number["x"]', "2147483647 as the key"),
        ({"by_number": {"1": 2}}, 'by_number["1"]', "expected a string, got 2"),
        (b'{"small": ' + b"9" * 5000 + b"}", "body", "not valid JSON"),
    ],
)
def test_a_wrong_body_names_the_field_and_what_it_takes(
    body: object, field: str | None, said: str
) -> None:
    body = b"null" if body is None else body
    if field is None:
        request("POST /v1/toy/echo", body=body)
    else:
        assert said in violations("POST /v1/toy/echo", body=body)[field]


def test_a_field_that_is_the_body_is_named_with_its_own_name() -> None:
    wrong = violations("POST /v1/toy/shelves/3/books", body={"id": "x"})
    assert set(wrong) == {"book.id"}


def test_a_body_where_there_is_none_is_refused() -> None:
    assert "takes no body" in violations("GET /v1/toy/books", body={"text": "a"})["body"]


@pytest.mark.parametrize(
    "kind",
    [
        *("", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"),
        *("multipart/form-data; boundary=x", "application/json; charset=latin-1"),
    ],
)
def test_a_body_that_is_not_json_by_its_type_is_refused(kind: str) -> None:
    with pytest.raises(Refused) as caught:
        request("POST /v1/toy/echo", body=b"{}", kind=kind)
    assert caught.value.http_status == 415


@pytest.mark.parametrize(
    "kind",
    [JSON, "Application/JSON", "application/json; charset=UTF-8", "application/vnd.x+json"],
)
def test_json_has_many_names(kind: str) -> None:
    assert shown(request("POST /v1/toy/echo", body={"text": "a"}, kind=kind)) == {"text": "a"}


# ---- answers


def test_an_answer_names_every_field_as_the_proto_does() -> None:
    book = bridge_toy.message("Book", id=2**60)
    assert answered("GET /v1/toy/books/7", book) == {
        "name": "",
        "id": str(2**60),
        "title": "",
        "kind": "KIND_UNSPECIFIED",
    }


def test_an_absent_field_with_presence_stays_away() -> None:
    answer = answered("POST /v1/toy/echo", bridge_toy.message("Everything", maybe_small=0))
    assert answer["maybe_small"] == 0
    assert {"book", "left", "maybe", "time"}.isdisjoint(answer)


def test_an_answer_can_be_one_field() -> None:
    writing = bridge_toy.message("WriteBook", book=bridge_toy.message("Book", title="T"))
    assert answered("PATCH /v1/toy/books/7", writing)["title"] == "T"
    assert answered("GET /v1/toy/titles", bridge_toy.message("Search", titles=["a"])) == ["a"]
    assert answered("GET /v1/toy/titles", bridge_toy.message("Search")) == []
    assert answered("PATCH /v1/toy/books/7", bridge_toy.message("WriteBook")) is None


def test_an_http_body_answers_with_its_bytes_and_type() -> None:
    route = match("POST /v1/toy/upload").route
    body = message_factory.GetMessageClass(route.method.output_type)(
        content_type="audio/wav", data=b"RIFF"
    )
    answer = TRANSCODER.answer(route, body.SerializeToString())
    assert (answer.content_type, answer.data) == ("audio/wav", b"RIFF")
    assert TRANSCODER.answer(route, b"").content_type == "application/octet-stream"


def test_an_event_is_named_after_the_case_of_its_oneof() -> None:
    route = match("POST /v1/toy/happen").route
    happening = bridge_toy.message("Happening", progress=0)
    event = TRANSCODER.event(route, happening.SerializeToString())
    assert (event.name, json.loads(event.data)) == ("progress", {"progress": 0})
    assert TRANSCODER.event(route, b"").name == ""
    books = match("GET /v1/toy/books:watch").route
    assert TRANSCODER.event(books, bridge_toy.message("Book", id=1).SerializeToString()).name == ""


# ---- whatever comes

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_BOOK = st.fixed_dictionaries(
    {},
    optional={
        "name": _TEXT,
        "id": st.integers(-(2**63), 2**63 - 1),
        "kind": st.sampled_from([0, 1, 2]),
    },
)


def _one_nan(number: float) -> float:
    """JSON has one NaN, floats have many."""
    return math.nan if math.isnan(number) else number


_EVERYTHING = st.fixed_dictionaries(
    {},
    optional={
        "text": _TEXT,
        "small": st.integers(-(2**31), 2**31 - 1),
        "large": st.integers(-(2**63), 2**63 - 1),
        "natural": st.integers(0, 2**32 - 1),
        "huge": st.integers(0, 2**64 - 1),
        "single": st.floats(width=32).map(_one_nan),
        "number": st.floats().map(_one_nan),
        "truth": st.booleans(),
        "data": st.binary(max_size=20),
        "kind": st.sampled_from([0, 1, 2]),
        "words": st.lists(_TEXT, max_size=3),
        "maybe_small": st.integers(-(2**31), 2**31 - 1),
        "left": _TEXT,
        "larges": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
        "by_number": st.dictionaries(st.integers(-(2**31), 2**31 - 1), _TEXT, max_size=3),
        "book": _BOOK.map(lambda fields: bridge_toy.message("Book", **fields)),
        "books": st.lists(
            _BOOK.map(lambda fields: bridge_toy.message("Book", **fields)), max_size=2
        ),
    },
)


@settings(deadline=None)
@given(_EVERYTHING)
def test_an_answer_sent_back_is_the_same_message(fields: dict[str, Any]) -> None:
    message = bridge_toy.message("Everything", **fields)
    found = match("POST /v1/toy/echo")
    serialised = message.SerializeToString(deterministic=True)
    answer = TRANSCODER.answer(found.route, serialised)
    back = bridge_toy.message("Everything")
    back.ParseFromString(TRANSCODER.request(found, {}, Body(answer.content_type, answer.data)))
    assert back.SerializeToString(deterministic=True) == serialised


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [*bridge_toy.message("Everything").DESCRIPTOR.fields_by_name, "id", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def refusal(make: Callable[[], object]) -> AtelierError | None:
    try:
        make()
    except AtelierError as error:
        return error
    return None


def is_named(error: AtelierError | None) -> bool:
    return error is None or bool(
        error.violations and all(item.description for item in error.violations)
    )


@settings(deadline=None)
@given(_JSON)
def test_any_json_is_a_message_or_a_named_mistake(value: object) -> None:
    body = json.dumps(value).encode()
    assert is_named(refusal(lambda: request("POST /v1/toy/echo", body=body)))


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_or_a_named_mistake(data: bytes) -> None:
    assert is_named(refusal(lambda: request("POST /v1/toy/echo", body=data)))


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=6), min_size=1), max_size=3))
def test_any_query_is_a_message_or_a_named_mistake(query: dict[str, list[str]]) -> None:
    assert is_named(refusal(lambda: request("GET /v1/toy/books", query)))
