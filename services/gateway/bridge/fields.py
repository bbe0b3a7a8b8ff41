"""Fields of messages by their names and paths. Knows descriptors, not JSON."""

from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

ANY = "google.protobuf.Any"
HTTP_BODY = "google.api.HttpBody"
OWN_JSON = "google.protobuf."
"""What the names of messages begin with whose JSON has a form of its own."""
TYPE_KEY = "@type"


def descriptor_of(message: Message) -> Descriptor:
    """Give the message's descriptor, whose type the stubs leave open between two of one shape."""
    return cast("Descriptor", message.DESCRIPTOR)


def field_named(message: Descriptor, name: str) -> FieldDescriptor | None:
    """Find a field by the name in its proto or by its name in JSON; None for an empty name."""
    if not name:
        return None
    found = message.fields_by_name.get(name)
    return found or next((field for field in message.fields if field.json_name == name), None)


def is_map(field: FieldDescriptor) -> bool:
    """Tell whether a field is a map; a map is also a repeated message."""
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def map_fields(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """Give the fields that stand for the keys and for the values of a map."""
    entry = cast("Descriptor", field.message_type)
    return entry.fields_by_name["key"], entry.fields_by_name["value"]


def is_http_body(message: Descriptor) -> bool:
    """Tell whether a message stands for plain bytes with a content type."""
    return bool(message.full_name == HTTP_BODY)


def copy_field(source: Message, target: Message, path: str) -> None:
    """Set the scalar field of `target` at a path such as "book.name" to what it is in `source`."""
    *parents, leaf = path.split(".")
    for name in parents:
        source, target = getattr(source, name), getattr(target, name)
    setattr(target, leaf, getattr(source, leaf))


def packed_fields(
    value: object, pool: DescriptorPool
) -> tuple[Descriptor, dict[str, object]] | None:
    """Tell what the JSON of a google.protobuf.Any holds: the message's type, and its fields.

    None if it names no type that the pool knows, or one whose JSON has a form of its own.
    """
    url = value.get(TYPE_KEY) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(url, str):
        return None
    try:
        message = pool.FindMessageTypeByName(url.rpartition("/")[2])
    except KeyError:
        return None
    if message.full_name.startswith(OWN_JSON):
        return None
    return message, {name: item for name, item in value.items() if name != TYPE_KEY}
