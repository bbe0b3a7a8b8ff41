"""Says what is wrong with JSON that a message cannot be made of. Knows nothing of HTTP.

protobuf's JSON parser stops at the first fault and words it for programmers. It stays the judge of
what is wrong, with strictness.py; this module only asks about ever smaller parts until the fault's
place is found.
"""

import difflib
import json
from collections.abc import Iterator
from itertools import islice
from typing import cast

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from services.common.errors import FieldViolation
from services.gateway.bridge.fields import (
    ANY,
    TYPE_KEY,
    field_named,
    is_map,
    map_fields,
    packed_fields,
)
from services.gateway.bridge.strictness import is_strict

MAX_VIOLATIONS = 16
PARSE_ERRORS = (
    json_format.ParseError,
    ValueError,
    TypeError,
    KeyError,
    RecursionError,
    AttributeError,  # for an Any whose "@type" is no string
)
"""What protobuf's parser raises for JSON that is not the message's."""

_SCALARS: dict[int, str] = {
    FieldDescriptor.TYPE_STRING: "a string",
    FieldDescriptor.TYPE_BYTES: "bytes as a base64 string",
    FieldDescriptor.TYPE_BOOL: "true or false",
    FieldDescriptor.TYPE_DOUBLE: "a number",
    FieldDescriptor.TYPE_FLOAT: "a number that fits 32 bits",
} | {
    kind: f"a whole number from {low} to {high}"
    for kinds, low, high in (
        (("INT32", "SINT32", "SFIXED32"), -(2**31), 2**31 - 1),
        (("INT64", "SINT64", "SFIXED64"), -(2**63), 2**63 - 1),
        (("UINT32", "FIXED32"), 0, 2**32 - 1),
        (("UINT64", "FIXED64"), 0, 2**64 - 1),
    )
    for kind in (getattr(FieldDescriptor, f"TYPE_{name}") for name in kinds)
}

_WELL_KNOWN = {
    "google.protobuf.Timestamp": 'a time such as "2026-01-31T12:00:00Z"',
    "google.protobuf.Duration": 'a duration such as "1.5s"',
    "google.protobuf.FieldMask": 'field names such as "name,size"',
    "google.protobuf.Any": 'an object with "@type"',
    "google.protobuf.Struct": "an object",
    "google.protobuf.ListValue": "a list",
    "google.protobuf.Value": "any JSON value",
}


def violations(
    message: Descriptor, value: dict[str, object], pool: DescriptorPool, prefix: str = ""
) -> list[FieldViolation]:
    """List what keeps `value` from being a `message`, at most MAX_VIOLATIONS.

    Empty if no single field is to blame: two fields of one oneof, for example.
    """
    return list(islice(_Search(pool).in_object(message, value, prefix), MAX_VIOLATIONS))


class _Search:
    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool

    def in_object(
        self, message: Descriptor, value: dict[str, object], prefix: str
    ) -> Iterator[FieldViolation]:
        for name, item in value.items():
            field = field_named(message, name)
            if field is None:
                yield FieldViolation(prefix + name, _unknown(message, name))
            elif not self._parses(message, name, item):
                yield from self._in_field(message, field, name, item, prefix + name)

    def _in_field(
        self, message: Descriptor, field: FieldDescriptor, name: str, item: object, path: str
    ) -> Iterator[FieldViolation]:
        if is_map(field) and isinstance(item, dict):
            for key, entry in item.items():
                if not self._parses(message, name, {key: entry}):
                    yield from self._in_entry(field, key, entry, f"{path}[{json.dumps(key)}]")
        elif field.is_repeated and not is_map(field) and isinstance(item, list):
            for index, element in enumerate(item):
                if not self._parses(message, name, [element]):
                    yield from self._in_value(field, element, f"{path}[{index}]")
        elif field.is_repeated:
            kind = "an object" if is_map(field) else "a list"
            yield FieldViolation(path, f"expected {kind}, got {_shown(item)}")
        else:
            yield from self._in_value(field, item, path)

    def _in_entry(
        self, field: FieldDescriptor, key: str, entry: object, path: str
    ) -> Iterator[FieldViolation]:
        keys, values = map_fields(field)
        # JSON has only strings for keys; protobuf's parser takes numbers from strings, not truth.
        as_key = {"true": True, "false": False}.get(key, key) if _is_bool(keys) else key
        if self._parses(cast("Descriptor", field.message_type), keys.name, as_key):
            yield from self._in_value(values, entry, path)
        else:
            yield FieldViolation(path, f"expected {expectation(keys)} as the key")

    def _in_value(
        self, field: FieldDescriptor, item: object, path: str
    ) -> Iterator[FieldViolation]:
        inner = field.message_type
        if inner is not None and inner.full_name == ANY and isinstance(item, dict):
            yield from self._in_any(item, path)
        elif inner is not None and isinstance(item, dict) and inner.full_name not in _WELL_KNOWN:
            found = list(self.in_object(inner, item, path + "."))
            yield from found or [FieldViolation(path, "its fields do not go together")]
        else:
            hint = _hint(field, item)
            yield FieldViolation(path, f"expected {expectation(field)}, got {_shown(item)}{hint}")

    def _in_any(self, item: dict[str, object], path: str) -> Iterator[FieldViolation]:
        packed = packed_fields(item, self._pool)
        if packed is not None:
            found = list(self.in_object(*packed, path + "."))
            yield from found or [FieldViolation(path, "its fields do not go together")]
            return
        example = 'a type such as "type.googleapis.com/atelier.image.v1.GenerateImageRequest"'
        given = _shown(item[TYPE_KEY]) if TYPE_KEY in item else "nothing"
        yield FieldViolation(f"{path}.{TYPE_KEY}", f"expected {example}, got {given}")

    def _parses(self, message: Descriptor, name: str, item: object) -> bool:
        if not is_strict(message, {name: item}, self._pool):
            return False
        scratch = message_factory.GetMessageClass(message)()
        try:
            json_format.ParseDict({name: item}, scratch, descriptor_pool=self._pool)
        except PARSE_ERRORS:
            return False
        return True


def expectation(field: FieldDescriptor) -> str:
    """Say in words what JSON one value of the field takes."""
    if field.enum_type is not None:
        return "one of " + ", ".join(value.name for value in field.enum_type.values)
    if field.message_type is None:
        return _SCALARS[field.type]
    name = str(field.message_type.full_name)
    if name.startswith("google.protobuf.") and name.endswith("Value") and name not in _WELL_KNOWN:
        return expectation(field.message_type.fields_by_name["value"])
    return _WELL_KNOWN.get(name, "an object")


def _is_bool(field: FieldDescriptor) -> bool:
    return bool(field.type == FieldDescriptor.TYPE_BOOL)


def _unknown(message: Descriptor, name: str) -> str:
    known = [field.name for field in message.fields]
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"no such field; did you mean '{close[0]}'?"
    return f"no such field; there are: {', '.join(known)}" if known else "there are no fields"


def _hint(field: FieldDescriptor, item: object) -> str:
    """Name the one mistake that is made often: the bytes of a data URL, with its head."""
    is_url = isinstance(item, str) and item.startswith("data:") and "," in item[:100]
    if field.type != FieldDescriptor.TYPE_BYTES or not is_url:
        return ""
    return "; leave out the head of the data URL, up to its comma"


def _shown(item: object) -> str:
    """Show a value, shortened: whoever reads the error knows the rest."""
    if isinstance(item, dict):
        return "an object"
    if isinstance(item, list):
        return "a list"
    text = json.dumps(item, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
