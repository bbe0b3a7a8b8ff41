"""Messages as JSON Schema (2020-12), the way protobuf's JSON mapping writes and reads them.

https://protobuf.dev/programming-guides/json/ is the mapping. Knows descriptors, no routes.
"""

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from services.gateway.bridge.fields import is_map, map_fields

Schema = dict[str, Any]

_TIME = {"type": "string", "format": "date-time"}
_DURATION = {
    "type": "string",
    "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
    "examples": ["1.5s"],
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": _TIME,
    "google.protobuf.Duration": _DURATION,
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Value": {},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
        "additionalProperties": True,
    },
}
_NUMBERS: dict[int, Schema] = {
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
} | {
    getattr(FieldDescriptor, f"TYPE_{name}"): {
        "type": "integer",
        "minimum": low,
        "maximum": high,
    }
    for names, low, high in (
        (("INT32", "SINT32", "SFIXED32"), -(2**31), 2**31 - 1),
        (("UINT32", "FIXED32"), 0, 2**32 - 1),
    )
    for name in names
}
# 64 bits do not fit the numbers of JavaScript, so the mapping writes them as text.
_LONG: dict[int, Schema] = {
    getattr(FieldDescriptor, f"TYPE_{name}"): {"type": "string", "pattern": pattern}
    for names, pattern in (
        (("INT64", "SINT64", "SFIXED64"), "^-?[0-9]{1,19}$"),
        (("UINT64", "FIXED64"), "^[0-9]{1,20}$"),
    )
    for name in names
}
_SCALARS: dict[int, Schema] = {
    **_NUMBERS,
    **_LONG,
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}


class Schemas:
    """Collects the schema of every message that is referred to, by its full name."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def reference(self, message: Descriptor) -> Schema:
        """A schema for the message: a reference to its component, or a well-known type's own."""
        name = str(message.full_name)
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        if name.startswith("google.protobuf.") and name.endswith("Value"):
            return {"oneOf": [self.value(message.fields_by_name["value"]), {"type": "null"}]}
        if name not in self.components:
            self.components[name] = {}  # a message may hold itself
            self.components[name] = self._object(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: FieldDescriptor) -> Schema:
        """A schema for a field, with its comment."""
        return self.described(self._bare(field), str(field.full_name))

    def value(self, field: FieldDescriptor) -> Schema:
        """A schema for one value of a field, which may be repeated."""
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        if field.message_type is not None:
            return self.reference(field.message_type)
        return dict(_SCALARS[field.type])

    def described(self, schema: Schema, name: str) -> Schema:
        """The schema with the comment of what has this full name, if it has one."""
        comment = self._comments.get(name)
        return {**schema, "description": comment} if comment else schema

    def _bare(self, field: FieldDescriptor) -> Schema:
        if is_map(field):
            _, values = map_fields(field)
            return {"type": "object", "additionalProperties": self.value(values)}
        if field.is_repeated:
            return {"type": "array", "items": self.value(field)}
        return self.value(field)

    def _object(self, message: Descriptor) -> Schema:
        fields = cast("list[FieldDescriptor]", message.fields)
        schema: Schema = {
            "type": "object",
            "properties": {field.name: self.field(field) for field in fields},
            "additionalProperties": False,
        }
        return self.described(schema, str(message.full_name))

    def _enum(self, enum: EnumDescriptor) -> Schema:
        names = [value.name for value in enum.values]
        return self.described({"type": "string", "enum": names}, str(enum.full_name))
