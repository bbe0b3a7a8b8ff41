"""Takes the files out of messages, and puts them back. Knows the protos' marks, no capability.

A field of type bytes that is marked `(atelier.options.v1.file)` is a file or a part of one;
google.api.HttpBody is a file as a whole. Paths of fields are as in errors: "image", "frames[2]",
"source.image".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from atelier.options.v1 import options_pb2
from services.common.picture_kinds import picture_kind

HTTP_BODY = "google.api.HttpBody"
BYTES_TYPE = "application/octet-stream"
_MAX_LEVELS = 16
# It becomes a header, so nothing else may stand in it (RFC 9110, 8.3.1).
_NAME = r"[\w!#$&^.+-]+"
_PARAMETER = rf"\s*;\s*{_NAME}=({_NAME}|\"[^\"\\\x00-\x1f]*\")"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}({_PARAMETER})*", re.ASCII)
_MEDIA_TYPE_CHARACTERS = 256


@dataclass(frozen=True)
class FilePart:
    """The content of one marked field."""

    path: str
    """The field's path in its message."""
    data: bytes
    content_type: str
    """Empty where neither the message nor the bytes tell it."""
    is_chunk: bool
    """Whether it goes on with the stream's only file."""


def take_files(message: Message) -> list[FilePart]:
    """Empties the marked fields of a message, in place, and returns what they held."""
    if message.DESCRIPTOR.full_name == HTTP_BODY:
        body: Any = message
        part = FilePart("data", bytes(body.data), _content_type(body), is_chunk=False)
        message.Clear()
        return [part]
    return list(_taken(message, "", _MAX_LEVELS))


def put_files(message: Message, contents: Mapping[str, bytes]) -> None:
    """Fills the marked fields of a message again, by their paths."""

    def fill(path: str, data: bytes) -> bytes:
        return contents.get(path, data)

    _each_file(message, "", _MAX_LEVELS, fill)


def media_type_of(data: bytes) -> str:
    """The media type of a picture by its first bytes; that of any bytes for anything else."""
    kind = picture_kind(data)
    return f"image/{kind.lower()}" if kind else BYTES_TYPE


def is_hollow(message: Message) -> bool:
    """Whether a message says nothing: it was only the frame of a file's content."""
    return all(
        field.message_type is not None and not field.is_repeated and is_hollow(value)
        for field, value in message.ListFields()
    )


def stream_content_type(message: Message) -> str:
    """The value of a field content_type, in the message or one level below; empty if none."""
    own = _content_type(message)
    if own:
        return own
    for field, value in message.ListFields():
        if field.message_type is not None and not field.is_repeated:
            inner = _content_type(value)
            if inner:
                return inner
    return ""


def _taken(message: Message, prefix: str, levels: int) -> Iterator[FilePart]:
    found: list[FilePart] = []

    def empty(path: str, data: bytes, owner: Message, *, is_chunk: bool) -> None:
        if data:
            found.append(FilePart(path, data, _content_type(owner), is_chunk))

    for owner, field, path in _marked(message, prefix, levels):
        is_chunk = _mark(field) == options_pb2.FILE_PART_CHUNK
        if field.is_repeated:
            values = getattr(owner, field.name)
            for index, data in enumerate(values):
                empty(f"{path}[{index}]", data, owner, is_chunk=is_chunk)
                values[index] = b""
        else:
            empty(path, getattr(owner, field.name), owner, is_chunk=is_chunk)
            owner.ClearField(field.name)
    return iter(found)


def _each_file(
    message: Message, prefix: str, levels: int, fill: Callable[[str, bytes], bytes]
) -> None:
    for owner, field, path in _marked(message, prefix, levels, also_unset=True):
        if field.is_repeated:
            values = getattr(owner, field.name)
            for index, data in enumerate(values):
                values[index] = fill(f"{path}[{index}]", data)
        else:
            data = fill(path, getattr(owner, field.name))
            if data:
                setattr(owner, field.name, data)


def _marked(
    message: Message, prefix: str, levels: int, *, also_unset: bool = False
) -> Iterator[tuple[Message, FieldDescriptor, str]]:
    """The marked fields of a message and of those inside, with the message that has each."""
    set_fields = {field.name for field, _ in message.ListFields()}
    fields = cast("list[FieldDescriptor]", message.DESCRIPTOR.fields)
    for field in fields:
        path = prefix + field.name
        if field.message_type is not None:
            if levels and field.name in set_fields:
                yield from _marked_inside(message, field, path, levels - 1, also_unset=also_unset)
        elif _mark(field) and (also_unset or field.name in set_fields):
            yield message, field, path


def _marked_inside(
    message: Message, field: FieldDescriptor, path: str, levels: int, *, also_unset: bool
) -> Iterator[tuple[Message, FieldDescriptor, str]]:
    inner: Any = field.message_type
    if inner.GetOptions().map_entry:
        return
    value: Any = getattr(message, field.name)
    if not field.is_repeated:
        yield from _marked(value, f"{path}.", levels, also_unset=also_unset)
        return
    for index, item in enumerate(value):
        yield from _marked(item, f"{path}[{index}].", levels, also_unset=also_unset)


def _mark(field: FieldDescriptor) -> int:
    if field.type != FieldDescriptor.TYPE_BYTES:
        return 0
    return int(field.GetOptions().Extensions[options_pb2.file])  # type: ignore[index]  # the stub's type is too general


def _content_type(message: Message) -> str:
    field = message.DESCRIPTOR.fields_by_name.get("content_type")
    if field is None or field.type != FieldDescriptor.TYPE_STRING:
        return ""
    text = str(getattr(message, "content_type"))  # noqa: B009 - the message is any message
    return text if len(text) <= _MEDIA_TYPE_CHARACTERS and _MEDIA_TYPE.fullmatch(text) else ""
