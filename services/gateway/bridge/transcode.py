"""Requests from JSON, and answers to JSON, by the descriptors of a route. Knows no connection."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from google.api import httpbody_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import OneofDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.bridge.bindings import Tree, bind
from services.gateway.bridge.diagnosis import PARSE_ERRORS, violations
from services.gateway.bridge.errors import wrong_content_type
from services.gateway.bridge.fields import copy_field, descriptor_of, field_named, is_http_body
from services.gateway.bridge.routes import Match, Route
from services.gateway.bridge.strictness import is_strict

JSON_TYPE = "application/json"
BYTES_TYPE = "application/octet-stream"
# protobuf's parsers take a hundred levels, and google.protobuf.Struct makes three out of one.
MAX_DEPTH = 30

_UTF_8 = ("charset=utf-8", 'charset="utf-8"', "charset=utf8")


@dataclass(frozen=True)
class Body:
    """The body of an HTTP request."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Answer:
    """The body of an HTTP answer."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Event:
    """One message of a stream: the case of its oneof ("" if it has none), and its JSON."""

    name: str
    data: str


class Transcoder:
    """Turns HTTP's side of a call into gRPC's and back."""

    def __init__(self, pool: DescriptorPool) -> None:
        """Take the pool that knows every message a google.protobuf.Any may hold."""
        self._pool = pool

    def request(self, match: Match, query: Mapping[str, Sequence[str]], body: Body) -> bytes:
        """Make the serialised request of a call.

        Raises InvalidArgument that names each field that is wrong, and what it takes; Refused for
        a body that is not JSON by its content type.
        """
        route = match.route
        message = message_factory.GetMessageClass(route.method.input_type)()
        if route.body:
            self._read_body(route, message, body)
        elif body.data:
            raise InvalidArgument(FieldViolation("body", f"{route} takes no body"))
        _refuse_query(route, query)
        self._read_parameters(message, match.variables, query)
        return message.SerializeToString()

    def answer(self, route: Route, response: bytes) -> Answer:
        """Make the body of the answer from one serialised response."""
        return self._answer(route, _response(route, response))

    def event(self, route: Route, response: bytes) -> Event:
        """Make an event from one serialised response of a stream."""
        message = _response(route, response)
        oneof = next((o for o in descriptor_of(message).oneofs if not _is_optional(o)), None)
        case = message.WhichOneof(oneof.name) if oneof is not None else None
        return Event(case or "", self._answer(route, message).data.decode())

    def json(self, message: Message) -> bytes:
        """Make the JSON of a message that no route's method has sent."""
        return json.dumps(self._tree(message), ensure_ascii=False).encode()

    def _answer(self, route: Route, message: Message) -> Answer:
        field = field_named(descriptor_of(message), route.response_body)
        if answers_bytes(route):
            body: Any = message if field is None else getattr(message, field.name)
            return Answer(body.content_type or BYTES_TYPE, body.data)
        value: object = self._tree(message)
        if field is not None:
            value = value.get(field.name) if isinstance(value, dict) else None
        return Answer(JSON_TYPE, json.dumps(value, ensure_ascii=False).encode())

    def _tree(self, message: Message) -> object:
        return json_format.MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            descriptor_pool=self._pool,
        )

    def _read_body(self, route: Route, message: Message, body: Body) -> None:
        part = field_named(descriptor_of(message), route.body)
        descriptor = descriptor_of(message) if part is None else part.message_type
        if descriptor is not None and is_http_body(descriptor):
            target = message if part is None else getattr(message, part.name)
            raw = httpbody_pb2.HttpBody(content_type=body.content_type, data=body.data)
            target.MergeFromString(raw.SerializeToString())
            return
        if not body.data:
            return
        check_content_type(body.content_type)
        value = load_json(body.data)
        if part is not None:
            value = {part.name: value}
        if not isinstance(value, dict):
            raise InvalidArgument(FieldViolation("body", "expected a JSON object"))
        self._parse(value, message)

    def _read_parameters(
        self,
        message: Message,
        variables: Mapping[str, str],
        query: Mapping[str, Sequence[str]],
    ) -> None:
        """Set the fields that the URL names; the path has its way over the body."""
        fixed = [(path, (value,)) for path, value in variables.items()]
        scratch = type(message)()
        self._parse(bind(descriptor_of(message), [*query.items(), *fixed]), scratch)
        message.MergeFrom(scratch)
        for path in variables:
            copy_field(scratch, message, path)

    def _parse(self, value: Tree, message: Message) -> None:
        try:
            json_format.ParseDict(value, message, descriptor_pool=self._pool)
            strict = is_strict(descriptor_of(message), value, self._pool)
        except PARSE_ERRORS as error:
            found = violations(descriptor_of(message), value, self._pool)
            raise InvalidArgument(*(found or [FieldViolation("body", str(error))])) from error
        if not strict:
            raise InvalidArgument(*violations(descriptor_of(message), value, self._pool))


def answers_bytes(route: Route) -> bool:
    """Tell whether the route answers with plain bytes (google.api.HttpBody) instead of JSON."""
    field = field_named(route.method.output_type, route.response_body)
    message = route.method.output_type if field is None else field.message_type
    return message is not None and is_http_body(message)


def load_json(data: bytes) -> object:
    """Read JSON as RFC 8259 has it; raise InvalidArgument that says where it is broken."""
    value: object = None
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
        deep = _is_deeper(value, MAX_DEPTH)
    except RecursionError:
        deep = True
    except UnicodeDecodeError as error:
        text = f"not UTF-8 at byte {error.start}"
        raise InvalidArgument(FieldViolation("body", text), reason="MALFORMED_JSON") from error
    except ValueError as error:
        text = f"not valid JSON: {error}"
        raise InvalidArgument(FieldViolation("body", text), reason="MALFORMED_JSON") from error
    if deep:
        raise InvalidArgument(FieldViolation("body", f"nested more than {MAX_DEPTH} deep"))
    return value


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _response(route: Route, data: bytes) -> Message:
    message: Message = message_factory.GetMessageClass(route.method.output_type)()
    message.ParseFromString(data)
    return message


def _is_optional(oneof: OneofDescriptor) -> bool:
    """Tell the oneof that protoc makes up for an `optional` field from one that is written."""
    return bool(oneof.name == f"_{oneof.fields[0].name}")


def check_content_type(content_type: str) -> None:
    """Refuse all but JSON in UTF-8: a form of a foreign page can send other types unasked."""
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    foreign = [part for part in parameters if part.startswith("charset=") and part not in _UTF_8]
    json_like = kind == JSON_TYPE or (kind.startswith("application/") and kind.endswith("+json"))
    if not json_like or foreign:
        raise wrong_content_type(content_type)


def _refuse_query(route: Route, query: Mapping[str, Sequence[str]]) -> None:
    """Refuse parameters for what the body holds already: one place for each field."""
    taken = [
        FieldViolation(path, "belongs into the body, not into the query")
        for path in query
        if route.body == "*" or (route.body and path.partition(".")[0] == route.body)
    ]
    if taken:
        raise InvalidArgument(*taken)


def _object(pairs: list[tuple[str, object]]) -> Tree:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"'{next(n for n in names if names.count(n) > 1)}' is given twice")
    return tree


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is not JSON; write it as the string "{text}"')
