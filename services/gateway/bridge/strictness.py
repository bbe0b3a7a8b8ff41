"""Faults in JSON that protobuf's parser lets pass. Only says whether there are any.

The parser takes an empty list for an object and true for a number, and from base64 it drops what
does not belong there, so that "data:image/png;base64,..." would silently become other bytes.
"""

import re

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from services.gateway.bridge.fields import (
    ANY,
    OWN_JSON,
    field_named,
    is_map,
    map_fields,
    packed_fields,
)

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_NUMBERS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)


def is_strict(message: Descriptor, value: dict[str, object], pool: DescriptorPool) -> bool:
    """Tell whether every object is an object, and all bytes are base64, standard or URL-safe."""
    if message.full_name.startswith(OWN_JSON):
        return True
    fields = ((field_named(message, name), item) for name, item in value.items())
    return all(field is None or item is None or _fits(field, item, pool) for field, item in fields)


def _fits(field: FieldDescriptor, item: object, pool: DescriptorPool) -> bool:
    if is_map(field):
        _, inner = map_fields(field)
        return isinstance(item, dict) and all(
            _fits_one(inner, each, pool) for each in item.values()
        )
    if field.is_repeated:
        return isinstance(item, list) and all(_fits_one(field, each, pool) for each in item)
    return _fits_one(field, item, pool)


def _fits_one(field: FieldDescriptor, item: object, pool: DescriptorPool) -> bool:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return isinstance(item, str) and _is_base64(item)
    if field.type in _NUMBERS and isinstance(item, bool):
        return False  # Python takes true for 1, and so does the parser
    inner = field.message_type
    if inner is not None and inner.full_name == ANY:
        packed = packed_fields(item, pool)
        return packed is None or is_strict(*packed, pool)
    if inner is None or inner.full_name.startswith(OWN_JSON):
        return True
    return isinstance(item, dict) and is_strict(inner, item, pool)


def _is_base64(text: str) -> bool:
    """Padding may be left out; a single character over cannot be."""
    return _BASE64.fullmatch(text) is not None and len(text.rstrip("=")) % 4 != 1
