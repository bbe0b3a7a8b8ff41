"""The requests that are sent to both sides."""

import json
from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Case:
    """A request under a name. `path` goes out as it is written."""

    name: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def get(name: str, path: str) -> Case:
    return Case(name, "GET", path)


def send(name: str, route: str, body: object, headers: dict[str, str] | None = None) -> Case:
    method, path = route.split(" ")
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Case(name, method, path, data, JSON if headers is None else headers)


def chat(name: str, body: object) -> Case:
    return send(name, "POST /v1/llm/chat", body)


def echo(name: str, body: object) -> Case:
    return send(name, "POST /v1/toy/echo", body)


def said(content: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": content}], **more}


_CODES = (
    *("CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)

CASES = (
    # The real contracts.
    chat("chat", said("Grüße 😀", temperature=0.7, max_tokens=3, seed=4294967295)),
    chat("chat in camelCase", said("a", maxTokens=3, topP=1)),
    chat("chat with an error of the worker and its details", {}),
    *(chat(f"worker says {code}", said(f"fail {code}")) for code in _CODES),
    get("model", "/v1/llm/model"),
    get("voices", "/v1/tts/voices"),
    send("speech", "POST /v1/tts/speech", {"text": "hé", "speed": 1.5}),
    send("speech without a type", "POST /v1/tts/speech", {"text": "a", "format": "nameless"}),
    get("status", "/v1/capabilities/status"),
    get("capability", "/v1/capabilities/llm"),
    get("capability that is none", "/v1/capabilities/none"),
    get("capability with an escaped name", "/v1/capabilities/a%20b%2Fc%C3%A9"),
    get("watch", "/v1/capabilities:watch"),
    send("stream", "POST /v1/llm/chat:stream", said("hi")),
    send("stream that fails at once", "POST /v1/llm/chat:stream", said("fail INTERNAL")),
    send("stream that fails later", "POST /v1/llm/chat:stream", said("break later")),
    # Paths.
    get("variable of several segments", "/v1/toy/shelves/1/books/2"),
    get("escaped slash in several segments", "/v1/toy/shelves/a%2Fb/books/c%20d%3A"),
    get("additional binding", "/v1/toy/books/7"),
    get("rest of the path", "/v1/toy/files/a/b%20c/d"),
    get("empty rest of the path", "/v1/toy/files"),
    get("variable inside a message", "/v1/toy/books/7/of/Ann:find?book.title=x"),
    get("variable of a wrong type", "/v1/toy/books/seven"),
    get("variable and parameter for one field", "/v1/toy/books/7?id=8"),
    get("colon in a variable", "/v1/capabilities/a:b"),
    get("verb of another route", "/v1/capabilities/llm:find"),
    get("plus in a path", "/v1/capabilities/a+b"),
    # Missing routes.
    get("no such path", "/v1/nowhere"),
    get("path with a slash too many", "/v1/capabilities/status/"),
    get("path in capitals", "/V1/capabilities/status"),
    get("other method", "/v1/llm/chat"),
    send("other method with a body", "DELETE /v1/llm/chat", {}),
    # Query parameters.
    get(
        "parameters of all kinds",
        "/v1/toy/books?titles=a&titles=b&years=1900&years=-4&kind=KIND_POEM&kinds=KIND_NOVEL"
        "&in_print=true&min_price=2.5&token=AP8%3D&since=2026-01-31T12:00:00Z&age=1.5s"
        "&copies=4&signed=false&author.address.city_name=Rom%20a%2Bb",
    ),
    get("plus in a parameter", "/v1/toy/books?titles=a+b"),
    get("parameters in camelCase", "/v1/toy/books?inPrint=true&author.address.cityName=x"),
    get("enum by number", "/v1/toy/books?kind=2"),
    get("enum in small letters", "/v1/toy/books?kind=kind_poem"),
    get("bool as a number", "/v1/toy/books?in_print=1"),
    get("bool in capitals", "/v1/toy/books?in_print=TRUE"),
    get("bool that is none", "/v1/toy/books?in_print=perhaps"),
    get("number that is none", "/v1/toy/books?years=x"),
    get("number out of range", "/v1/toy/books?years=2147483648"),
    get("enum that is none", "/v1/toy/books?kind=KIND_X"),
    get("unknown parameter", "/v1/toy/books?titels=a"),
    get("unknown parameter inside", "/v1/toy/books?book.x=a"),
    get("parameter for a message", "/v1/toy/books?book=a"),
    get("parameter for a map", "/v1/toy/books?counts=a"),
    get("parameter given twice", "/v1/toy/books?min_price=1&min_price=2"),
    get("parameter without a value", "/v1/toy/books?titles="),
    get("parameter without a sign", "/v1/toy/books?titles"),
    get("NaN in a parameter", "/v1/toy/books?min_price=NaN"),
    get("parameter in url-safe base64", "/v1/toy/books?token=-_8"),
    # Bodies.
    echo(
        "everything",
        {
            "text": "ü\u0000\u2028",
            "small": -3,
            "large": "-9007199254740993",
            "natural": 7,
            "huge": "18446744073709551615",
            "single": 1.5,
            "number": 1e300,
            "truth": True,
            "data": "AP8=",
            "kind": "KIND_POEM",
            "book": {"id": 1},
            "books": [{}, {"title": "t"}],
            "words": ["", "b"],
            "by_name": {"a": {"id": "2"}},
            "by_number": {"-1": "x"},
            "time": "2026-01-31T12:00:00.5Z",
            "span": "-1.5s",
            "free_form": {"a": [1.5, None, "x"]},
            "maybe": "",
            "maybe_small": 0,
            "right": 0,
            "aliased": "r",
            "larges": [1, "2"],
        },
    ),
    echo("special numbers", {"number": "NaN", "single": "-Infinity"}),
    echo("numbers as strings", {"small": "3", "number": "1.5", "natural": "7"}),
    echo("whole number with a fraction of nothing", {"small": 3.0, "large": 1e3}),
    echo("null for fields", {"text": None, "book": None, "words": None, "kind": None}),
    echo("enum number", {"kind": 2}),
    echo("enum number that is unknown", {"kind": 9}),
    echo("url-safe base64", {"data": "-_8"}),
    echo("Struct with whole numbers", {"free_form": {"a": 1}}),
    echo("empty object", {}),
    send("no body", "POST /v1/toy/echo", b""),
    send("no body and no type", "POST /v1/toy/echo", b"", {}),
    send("body as a field", "POST /v1/toy/shelves/3/books?validate_only=true", {"title": "T"}),
    send("no body as a field", "POST /v1/toy/shelves/3/books", b""),
    send("path over body", "PUT /v1/toy/books/7", {"id": "3", "title": "T"}),
    send("one field as the answer", "PATCH /v1/toy/books/7", {"title": "T"}),
    send("absent field as the answer", "PATCH /v1/toy/books/0", b""),
    get("list as the answer", "/v1/toy/titles?titles=a&titles=b"),
    get("empty list as the answer", "/v1/toy/titles"),
    Case("delete", "DELETE", "/v1/toy/books/7"),
    Case("method of its own name", "REPORT", "/v1/toy/echo"),
    send("bytes in and out", "POST /v1/toy/upload", b"\x00\xff{", {"Content-Type": "image/png"}),
    send("bytes as a field", "POST /v1/toy/books/x/attachment", b"\x00{", {"Content-Type": "x/y"}),
    get("stream without a oneof", "/v1/toy/books:watch"),
    get("stream of bytes", "/v1/toy/books/7:download"),
    # Bodies that are wrong.
    echo("unknown field", {"texd": "a"}),
    echo("unknown field inside", {"book": {"x": 1}}),
    echo("string that is a number", {"text": 1}),
    echo("number that is a string", {"small": "x"}),
    echo("number too large", {"small": 2147483648}),
    echo("number with a fraction", {"small": 1.5}),
    echo("number that is a bool", {"small": True}),
    echo("negative for unsigned", {"natural": -1}),
    echo("number too large for float", {"single": 1e300}),
    echo("bool that is a string", {"truth": "true"}),
    echo("bytes that are no base64", {"data": "*"}),
    echo("bytes as a data URL", {"data": "data:image/png;base64,AP8="}),
    echo("enum name that is unknown", {"kind": "NOVEL"}),
    echo("object that is a string", {"book": "x"}),
    echo("object that is a list", {"book": []}),
    echo("list that is an object", {"words": {}}),
    echo("list that is a string", {"words": "x"}),
    echo("null in a list", {"words": [None]}),
    echo("map that is a list", {"by_name": []}),
    echo("key of a map that is no number", {"by_number": {"x": "y"}}),
    echo("time that is none", {"time": "noon"}),
    echo("span that is a number", {"span": 3}),
    echo("two of one oneof", {"left": "a", "right": 1}),
    echo("one field by both names", {"maybe_small": 1, "maybeSmall": 2}),
    echo("one field twice", b'{"text": "a", "text": "b"}'),
    echo("list instead of an object", []),
    echo("string instead of an object", "x"),
    echo("broken JSON", b'{"text": '),
    echo("text after the JSON", b"{} x"),
    echo("JSON with a comma too many", b'{"text": "a",}'),
    echo("JSON with single quotes", b"{'text': 'a'}"),
    echo("JSON with names without quotes", b"{text: 'a'}"),
    echo("NaN without quotes", b'{"number": NaN}'),
    echo("not UTF-8", b'{"text": "\xff"}'),
    echo("half a surrogate pair", b'{"text": "\\ud800"}'),
    echo("nested too deeply", b'{"free_form": ' + b'{"a":' * 200 + b"1" + b"}" * 201),
    send("parameter beside a whole body", "POST /v1/toy/echo?text=a", {"small": 1}),
    send("parameter for the body's field", "POST /v1/toy/shelves/3/books?book.id=1", {}),
    send("body where there is none", "GET /v1/toy/books", {"titles": ["a"]}),
    send("form", "POST /v1/toy/echo", b"text=a", {"Content-Type": "text/plain"}),
    send("JSON without a type", "POST /v1/toy/echo", b"{}", {}),
)
