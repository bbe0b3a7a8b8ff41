"""Made-up messages of any type, for fuzzing: every field may be there, with odd values."""

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_WHOLE = {
    "INT32": (-(2**31), 2**31 - 1),
    "UINT32": (0, 2**32 - 1),
    "INT64": (-(2**63), 2**63 - 1),
    "UINT64": (0, 2**64 - 1),
}
_SCALARS: dict[int, SearchStrategy[Any]] = {
    getattr(FieldDescriptor, f"TYPE_{name}"): st.integers(low, high) | st.integers(0, min(high, 70))
    for name, (low, high) in _WHOLE.items()
} | {
    FieldDescriptor.TYPE_DOUBLE: st.floats() | st.floats(0, 4),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.text(max_size=40) | st.sampled_from(["user", "png", "mp4"]),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=64),
}


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor, levels: int = 3) -> Message:
    """A message of the type, with some of its fields set."""
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if not draw(st.booleans()):
            continue
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(_value(field, levels), max_size=3)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(_value(field, levels)))
        else:
            setattr(message, field.name, draw(_value(field, levels)))
    return message


def _value(field: FieldDescriptor, levels: int) -> SearchStrategy[Any]:
    if field.message_type is not None:
        if levels == 0:
            return st.just(message_factory.GetMessageClass(field.message_type)())
        return messages(field.message_type, levels - 1)
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    return _SCALARS[field.type]
