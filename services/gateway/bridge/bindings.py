"""Path variables and query parameters as the JSON tree of a request. Parses no message itself."""

import difflib
from collections.abc import Iterable, Sequence

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.common.errors import FieldViolation, InvalidArgument
from services.gateway.bridge.fields import field_named, is_map

Tree = dict[str, object]

_BOOL_VALUE = "google.protobuf.BoolValue"
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_TEXT_FORM = frozenset(
    f"google.protobuf.{name}"
    for name in (
        *("Timestamp", "Duration", "FieldMask"),
        *("DoubleValue", "FloatValue", "Int64Value", "UInt64Value"),
        *("Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue"),
    )
)


def bind(message: Descriptor, parameters: Iterable[tuple[str, Sequence[str]]]) -> Tree:
    """Make a tree for protobuf's JSON parser from parameters such as ("filter.min_size", ["3"]).

    A repeated field takes all values, any other field exactly one. Fields may be named as in the
    proto or as in JSON. Raises InvalidArgument that names each parameter that does not fit.
    """
    tree: Tree = {}
    wrong: list[FieldViolation] = []
    for path, values in parameters:
        try:
            _bind_one(message, tree, path, values)
        except ValueError as error:
            wrong.append(FieldViolation(path, str(error)))
    if wrong:
        raise InvalidArgument(*wrong)
    return tree


def _bind_one(message: Descriptor, tree: Tree, path: str, values: Sequence[str]) -> None:
    *parents, leaf = path.split(".")
    for name in parents:
        field = _field(message, name)
        if field.message_type is None or field.is_repeated:
            raise ValueError(f"'{name}' is no single object, so it has no parameters inside")
        message = field.message_type
        below = tree.setdefault(field.name, {})
        if not isinstance(below, dict):
            raise ValueError(f"'{name}' has a value of its own already")  # noqa: TRY004
        tree = below
    field = _field(message, leaf)
    if field.name in tree:
        raise ValueError("given twice")
    tree[field.name] = _value(field, values)


def _field(message: Descriptor, name: str) -> FieldDescriptor:
    field = field_named(message, name)
    if field is not None:
        return field
    known = [candidate.name for candidate in message.fields]
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        raise ValueError(f"no such parameter; did you mean '{close[0]}'?")
    raise ValueError(f"no such parameter; there are: {', '.join(known) or 'none'}")


def _value(field: FieldDescriptor, values: Sequence[str]) -> object:
    inner = field.message_type
    if is_map(field) or (inner is not None and inner.full_name not in _TEXT_FORM):
        names = "" if inner is None else ", ".join(f"{field.name}.{f.name}" for f in inner.fields)
        hint = f"; it has {names}" if names and not field.is_repeated else ""
        raise ValueError(f"an object cannot be given as a parameter{hint}")
    if field.is_repeated:
        return [_scalar(field, value) for value in values]
    if len(values) != 1:
        raise ValueError(f"given {len(values)} times, but it takes one value")
    return _scalar(field, values[0])


def _scalar(field: FieldDescriptor, value: str) -> object:
    """Leave text as it is, which protobuf's parser takes for every type but bool."""
    wrapped = field.message_type is not None and field.message_type.full_name == _BOOL_VALUE
    if field.type != FieldDescriptor.TYPE_BOOL and not wrapped:
        return value
    if value.lower() not in _BOOLS:
        raise ValueError(f"expected true or false, got '{value}'")
    return _BOOLS[value.lower()]
